package main

import (
	"net"
	"time"
)

// The slow link: half of 20 ms in each direction, and 100 Mbit/s.
const (
	latency = 10 * time.Millisecond
	rate    = 100e6 / 8 // bytes a second
)

// slowLink forwards to a port of loopback as a slow link would. It gives the port to connect to.
func slowLink(to string) (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			go carry(near, far)
			go carry(far, near)
		}
	}()
	return listener, nil
}

type packet struct {
	data []byte
	due  time.Time
}

// carry copies in one direction: it takes bytes no faster than the rate, and delivers them after the latency.
func carry(to, from net.Conn) {
	packets := make(chan packet, 1024)
	go deliver(to, packets)
	free := time.Now() // when the link can take the next packet
	for {
		data := make([]byte, 16<<10)
		n, err := from.Read(data)
		if n > 0 {
			if now := time.Now(); free.Before(now) {
				free = now
			}
			free = free.Add(time.Duration(float64(n) / rate * float64(time.Second)))
			time.Sleep(time.Until(free))
			packets <- packet{data[:n], time.Now().Add(latency)}
		}
		if err != nil {
			close(packets)
			return
		}
	}
}

func deliver(to net.Conn, packets <-chan packet) {
	defer to.Close()
	var err error
	for p := range packets { // to the end, also when nobody takes them any more
		if err == nil {
			time.Sleep(time.Until(p.due))
			_, err = to.Write(p.data)
		}
	}
}
