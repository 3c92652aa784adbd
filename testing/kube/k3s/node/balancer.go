package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/settings"
)

// balancer leads the node's own clients from a port on loopback to a server that answers. It keeps the servers it knows in a file: so the
// node finds the cluster again when the server of its settings is gone.
type balancer struct {
	sync.Mutex
	file    string
	Server  string   `json:"ServerURL"`
	Servers []string `json:"ServerAddresses"`
}

func balance(ctx context.Context, o settings.Settings, c *credentials) error {
	u, err := url.Parse(o.Server)
	if err != nil {
		return err
	}
	first := u.Host
	if u.Port() == "" {
		first = net.JoinHostPort(u.Hostname(), "6443")
	}
	b := &balancer{file: o.AgentDir("etc", "k3s-agent-load-balancer.json")}
	if content, err := os.ReadFile(b.file); err == nil {
		if err := json.Unmarshal(content, b); err != nil {
			return fmt.Errorf("%s: %w", b.file, err)
		}
	}
	if b.Server != o.Server {
		b.Server, b.Servers = o.Server, []string{first}
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.LBServerPort))
	if err != nil {
		return err
	}
	logrus.Infof("Running load balancer k3s-agent-load-balancer 127.0.0.1:%d -> %v [default: %s]", o.LBServerPort, b.Servers, first)
	go b.learn(ctx, c)
	go b.serve(listener)
	return nil
}

// learn asks for the servers of the cluster, as they come and go.
func (b *balancer) learn(ctx context.Context, c *credentials) {
	for {
		if err := b.ask(c); err != nil {
			logrus.Debugf("Failed to get list of apiservers: %v", err)
		}
		if !sleep(ctx, 5*time.Second) {
			return
		}
	}
}

func (b *balancer) ask(c *credentials) error {
	content, err := c.at.Get("/v1-k3s/apiservers")
	if err != nil {
		return err
	}
	var servers []string
	if err := json.Unmarshal(content, &servers); err != nil || len(servers) == 0 {
		return err
	}
	b.Lock()
	defer b.Unlock()
	b.Servers = servers
	kept, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return write(b.file, kept)
}

func (b *balancer) serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			logrus.Errorf("load balancer: %v", err)
			return
		}
		go b.forward(connection)
	}
}

func (b *balancer) forward(near net.Conn) {
	defer near.Close()
	far, err := b.dial()
	if err != nil {
		logrus.Debugf("load balancer: %v", err)
		return
	}
	defer far.Close()
	go func() {
		_, _ = io.Copy(far, near) // either end may go at any time
		far.Close()
	}()
	_, _ = io.Copy(near, far)
}

func (b *balancer) dial() (net.Conn, error) {
	b.Lock()
	servers := append([]string{}, b.Servers...)
	b.Unlock()
	failures := errors.New("no server answers")
	for _, address := range servers {
		connection, err := net.DialTimeout("tcp", address, 2*time.Second)
		if err == nil {
			return connection, nil
		}
		failures = errors.Join(failures, err)
	}
	return nil, failures
}
