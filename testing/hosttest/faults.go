package hosttest

import (
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Faults are what can go wrong with the server's connections.
type Faults struct {
	mutex sync.Mutex
	cuts  []int64
	slow  int
	stall chan struct{} // closed when it is over
	count int
}

// Cut ends the next connections each after that many bytes from the client.
func (f *Faults) Cut(bytes ...int64) { f.set(func() { f.cuts = bytes }) }

// Slow lets through that many bytes a second from the client; 0 is all.
func (f *Faults) Slow(bytes int) { f.set(func() { f.slow = bytes }) }

// Stall lets nothing through in either direction, as a pulled cable does, until it is called with false.
func (f *Faults) Stall(stalled bool) {
	f.set(func() {
		switch {
		case stalled && f.stall == nil:
			f.stall = make(chan struct{})
		case !stalled && f.stall != nil:
			close(f.stall)
			f.stall = nil
		}
	})
}

// Connections is how many there have been.
func (f *Faults) Connections() (count int) {
	f.set(func() { count = f.count })
	return count
}

// nextCut counts a connection, and tells where to cut it.
func (f *Faults) nextCut() (cut int64) {
	f.set(func() {
		f.count++
		if len(f.cuts) > 0 {
			cut, f.cuts = f.cuts[0], f.cuts[1:]
		}
	})
	return cut
}

func (f *Faults) set(change func()) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	change()
}

// pass is called before bytes go through, and returns when they may.
func (f *Faults) pass(count int) {
	var stall chan struct{}
	var slow int
	f.set(func() { stall, slow = f.stall, f.slow })
	if stall != nil {
		<-stall
	}
	if slow > 0 {
		time.Sleep(time.Duration(count) * time.Second / time.Duration(slow))
	}
}

// sessions are the running sshds and their connections.
type sessions struct {
	mutex   sync.Mutex
	running sync.WaitGroup
	open    []io.Closer
	over    bool
}

func (s *sessions) add(c io.Closer) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.open = append(s.open, c)
	return !s.over
}

// breakAll ends the connections there are.
func (s *sessions) breakAll() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, c := range s.open {
		_ = c.Close() // most are closed already
	}
	s.open = nil
}

func (s *sessions) end() {
	s.mutex.Lock()
	s.over = true
	open := s.open
	s.mutex.Unlock()
	for _, c := range open {
		_ = c.Close() // most are closed already
	}
	s.running.Wait()
}

// serve gives each connection an sshd of its own, as inetd does.
func (s *Server) serve() {
	for {
		client, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.sessions.running.Go(func() { s.session(client) })
	}
}

func (s *Server) session(client net.Conn) {
	defer client.Close()
	ours, theirs, err := socketPair()
	if err != nil || !s.sessions.add(client) {
		return
	}
	defer ours.Close()
	command := exec.Command(sshd, "-i", "-e", "-f", s.path("sshd_config"))
	command.Stdin, command.Stdout, command.Stderr = theirs, theirs, s.log
	err = command.Start()
	_ = theirs.Close()
	if err != nil {
		return
	}
	cut := s.nextCut()
	go func() {
		s.copy(client, ours, 0)
		_ = client.Close()
	}()
	s.copy(ours, client, cut)
	_ = ours.Close() // which ends sshd
	_ = client.Close()
	_ = command.Wait() // an ended connection is no success to it
}

// copy copies until either side ends, or a number of bytes is through.
func (s *Server) copy(to io.Writer, from io.Reader, cut int64) {
	buffer := make([]byte, 32<<10)
	for passed := int64(0); cut == 0 || passed < cut; {
		n, err := from.Read(buffer)
		s.pass(n)
		if cut > 0 {
			n = int(min(int64(n), cut-passed))
		}
		passed += int64(n)
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

func socketPair() (ours net.Conn, theirs *os.File, err error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	mine := os.NewFile(uintptr(pair[0]), "server")
	defer mine.Close()
	ours, err = net.FileConn(mine)
	return ours, os.NewFile(uintptr(pair[1]), "sshd"), err
}
