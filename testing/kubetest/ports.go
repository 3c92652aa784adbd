package kubetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// ports of a cluster on loopback, kept in its folder.
type ports struct{ API, Etcd, Peer int }

// Linux takes the ports of outgoing connections from 32768 on: a kept port below is not lost to one while its cluster is down.
const firstPort, lastPort = 20000, 32000

func (c *Cluster) choosePorts() error {
	file := filepath.Join(c.dir(), "ports.json")
	content, err := os.ReadFile(file)
	if err == nil {
		return json.Unmarshal(content, &c.ports)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := c.freePorts(); err != nil {
		return err
	}
	if content, err = json.Marshal(c.ports); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o600)
}

// given are the ports this process has given out: their servers may not listen yet.
var given sync.Map

func (c *Cluster) freePorts() error {
	for _, port := range []*int{&c.ports.API, &c.ports.Etcd, &c.ports.Peer} {
		var err error
		if *port, err = FreePort(); err != nil {
			return err
		}
	}
	return nil
}

// FreePort is a port of loopback that nobody listens at, below those that Linux gives to outgoing connections.
func FreePort() (int, error) {
	for try := 0; ; try++ {
		candidate := firstPort + rand.IntN(lastPort-firstPort)
		if err := free(candidate); err == nil {
			return candidate, nil
		} else if try == 100 {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
	}
}

func free(port int) error {
	if _, taken := given.LoadOrStore(port, true); taken {
		return fmt.Errorf("port %d is given to another cluster", port)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	return listener.Close()
}
