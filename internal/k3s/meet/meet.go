package meet

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Meeting is one of servers that are to be one cluster, seen from one that has no data.
type Meeting struct {
	Self       string   // this server's address
	Servers    []string // all of them, this one included
	Port       int      // of k3s, the same on all
	Password   string   // of the cluster's token: who does not know it is not believed
	NewCluster bool     // somebody who knows says that servers that cannot be asked have no data either
	Timeout    time.Duration
	Dial       func(ctx context.Context, network, address string) (net.Conn, error)
}

// Verdict is what the server is to do.
type Verdict struct {
	Join string // address of a server of the cluster; empty is to begin one
}

// Agree waits until a server of the cluster answers, which is to be joined, or until all others have said that they have no data, and this
// is the one to begin: that with the lowest address. As long as it waits it answers them the same.
func (m Meeting) Agree(ctx context.Context) (Verdict, error) {
	m.Servers = Sorted(m.Servers)
	p := m.party()
	listener, err := net.Listen("tcp", net.JoinHostPort(m.own(), strconv.Itoa(m.Port)))
	if err != nil {
		return Verdict{}, fmt.Errorf("answer the other servers at port %d: %w; end what listens there", m.Port, err)
	}
	go p.serve(listener) // until it is closed
	defer listener.Close()
	return m.agree(ctx, p)
}

// lookInterval is how often the others are asked, askTimeout how long one may take.
const lookInterval, askTimeout = time.Second, 5 * time.Second

func (m Meeting) agree(ctx context.Context, p *party) (verdict Verdict, err error) {
	o := wait.Options{For: "the other servers", Timeout: m.Timeout, Interval: lookInterval, Begin: lookInterval / 5}
	err = wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		heard := m.hear(ctx, p)
		var done bool
		var state string
		verdict, done, state = m.judge(heard)
		return done, state, nil
	})
	var gaveUp *wait.GaveUp
	if errors.As(err, &gaveUp) {
		return verdict, fmt.Errorf("%w; run this on all servers at the same time, or start those that have data", err)
	}
	return verdict, err
}

// hear asks all others at once.
func (m Meeting) hear(ctx context.Context, p *party) map[string]saying {
	ctx, cancel := context.WithTimeoutCause(ctx, askTimeout, errors.New("no answer"))
	defer cancel()
	type found struct {
		address string
		saying  saying
	}
	answers := make(chan found)
	others := m.others()
	for _, address := range others {
		go func() { answers <- found{address, p.ask(ctx, address)} }()
	}
	heard := map[string]saying{}
	for range others {
		one := <-answers
		heard[one.address] = one.saying
	}
	return heard
}

func (m Meeting) others() []string {
	return slices.DeleteFunc(slices.Clone(m.Servers), func(address string) bool { return address == m.Self })
}

// judge decides by what the others have said. As long as it cannot, the state says why.
func (m Meeting) judge(heard map[string]saying) (verdict Verdict, done bool, state string) {
	var open, strange []string
	for _, address := range m.others() {
		switch said := heard[address]; said.kind {
		case serves:
			return Verdict{Join: address}, true, ""
		case silent:
			open = append(open, address+" ("+said.why+")")
		case disagrees:
			strange = append(strange, address+" ("+said.why+")")
		}
	}
	first := m.Servers[0]
	switch {
	case len(strange) > 0:
		return Verdict{}, false, "no agreement with " + strings.Join(strange, ", ")
	case len(open) > 0 && !m.NewCluster:
		return Verdict{}, false, "it is not known whether there is data on " + strings.Join(open, ", ")
	case m.Self != first:
		return Verdict{}, false, "no server has data, and " + first + " is the one to begin"
	}
	return Verdict{}, true, ""
}

// Sorted are the addresses in the order of their numbers, names behind them by their letters.
func Sorted(addresses []string) []string {
	sorted := slices.Clone(addresses)
	slices.SortFunc(sorted, func(a, b string) int {
		x, errX := netip.ParseAddr(a)
		y, errY := netip.ParseAddr(b)
		switch {
		case errX == nil && errY == nil:
			return x.Compare(y)
		case errX == nil:
			return -1
		case errY == nil:
			return 1
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(sorted)
}

// own is the address to listen at. A name may lead to an address that only this machine has, so then it is all of them.
func (m Meeting) own() string {
	if _, err := netip.ParseAddr(m.Self); err != nil {
		return ""
	}
	return m.Self
}

func nonce() string { return rand.Text() }
