package host

import (
	"cmp"
	"fmt"
	"net"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// Options lead to another machine.
type Options struct {
	Host            string // name or address
	Port            int    // 0 is 22
	User            string // empty is who runs this
	KeyFile         string // empty is the agent's keys, then id_ed25519, id_ecdsa and id_rsa in ~/.ssh
	Passphrase      string // of the key file
	CertificateFile string // empty is the key file's name with -cert.pub, if there is one
	Agent           string // socket of an SSH agent; empty is none
	KnownHosts      []string
	Jump            []string // user@host:port to go over, in order; user and port may be left out
	Sudo            bool     // become root for everything
	SudoPassword    string   // empty: sudo must not ask for one
	ConnectTimeout  time.Duration
	SilenceTimeout  time.Duration // without a sign of life for that long, though asked for one, the connection is given up
}

// The timeouts where Options have none.
const (
	DefaultConnectTimeout = 10 * time.Second
	DefaultSilenceTimeout = 15 * time.Second
)

// hop is one machine on the way.
type hop struct{ user, host, port string }

func (h hop) address() string { return net.JoinHostPort(h.host, h.port) }
func (h hop) String() string  { return h.user + "@" + h.address() }

// way is the jump hosts and then the machine itself.
func (o Options) way() ([]hop, error) {
	who := o.User
	if who == "" {
		me, err := user.Current()
		if err != nil {
			return nil, fmt.Errorf("find who runs this, to connect as: %w", err)
		}
		who = me.Username
	}
	var way []hop
	for _, jump := range o.Jump {
		h, err := parseHop(jump, who)
		if err != nil {
			return nil, err
		}
		way = append(way, h)
	}
	return append(way, hop{user: who, host: o.Host, port: strconv.Itoa(cmp.Or(o.Port, 22))}), nil
}

// CheckJump tells what is wrong with a jump host.
func CheckJump(jump string) error {
	_, err := parseHop(jump, "")
	return err
}

func parseHop(text, who string) (hop, error) {
	h := hop{user: who, port: "22", host: text}
	if user, rest, found := strings.Cut(text, "@"); found {
		h.user, h.host = user, rest
	}
	if host, port, err := net.SplitHostPort(h.host); err == nil {
		h.host, h.port = host, port
	} else {
		h.host = strings.TrimSuffix(strings.TrimPrefix(h.host, "["), "]")
	}
	number, err := strconv.Atoi(h.port)
	if err != nil || number < 1 || number > 65535 || h.host == "" || strings.ContainsAny(h.host, " @/") || h.user == "" && strings.Contains(text, "@") {
		return hop{}, fmt.Errorf("%q is no jump host, as root@bastion:22 is", text)
	}
	return h, nil
}
