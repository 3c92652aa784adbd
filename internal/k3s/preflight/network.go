package preflight

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// clock comes first: the time of who asks is that of the begin.
func (l *look) clock(ctx context.Context) error {
	if !l.wish.Now.IsZero() && l.wish.MaxSkew > 0 {
		text, err := l.run(ctx, "date", "+%s.%N")
		if err != nil {
			return err
		}
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("date says %q, which is no time", text)
		}
		skew := time.UnixMilli(int64(seconds * 1000)).Sub(l.wish.Now).Round(time.Second)
		if skew.Abs() > l.wish.MaxSkew {
			l.lacks("its clock is %s off, and %s are allowed; set up time synchronisation", skew.Abs(), l.wish.MaxSkew)
		}
	}
	if !l.wish.TimeSync {
		return nil
	}
	if text, err := l.run(ctx, "timedatectl", "show", "--property=NTPSynchronized", "--value"); err != nil || text != "yes" {
		l.lacks("its clock is not synchronised (timedatectl); set up chrony, or systemd-timesyncd")
	}
	return nil
}

func (l *look) names(ctx context.Context) error {
	for _, name := range l.wish.Names {
		if text, err := l.run(ctx, "getent", "ahosts", name); err != nil || text == "" {
			l.lacks("%s does not resolve; check DNS in /etc/resolv.conf", name)
		}
	}
	return nil
}

// dialTimeout is long for a network between the nodes of a cluster, whose etcd wants milliseconds.
const dialTimeout = 3 * time.Second

// peers tries to connect to all ports of all peers at once. One that is refused is reached: nothing listens there yet. What a firewall
// drops is not, and UDP (8472 of flannel) cannot be tried without an answer.
func (l *look) peers(ctx context.Context) error {
	problems := make(chan string)
	for _, peer := range l.wish.Peers {
		for _, port := range l.wish.Ports {
			go func() { problems <- l.blocked(ctx, net.JoinHostPort(peer, strconv.Itoa(port))) }()
		}
	}
	var found []string
	for range len(l.wish.Peers) * len(l.wish.Ports) {
		if problem := <-problems; problem != "" {
			found = append(found, problem)
		}
	}
	slices.Sort(found)
	l.problems = append(l.problems, found...)
	return ctx.Err()
}

func (l *look) blocked(ctx context.Context, address string) string {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := l.Dial(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close() // nothing was sent
	}
	if err == nil || refused(err) {
		return ""
	}
	return fmt.Sprintf("%s cannot be reached over TCP; let nodes through the firewall there", address)
}

// refused tells that the other machine has said that nothing listens. Over SSH that is only to be had as a text.
func refused(err error) bool {
	var channel *ssh.OpenChannelError
	if errors.As(err, &channel) {
		return strings.Contains(channel.Message, "refused")
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
