// Package sshd runs the real OpenSSH server on loopback, for the user that the tests run as.
package sshd

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Server is one that listens. Its key was made for it, as was the user's.
type Server struct {
	User       string // who may log in
	Port       int
	Key        string // the file of the user's private key
	KnownHosts string // the file that names the server's key
	Log        string // the file in which sshd tells of connections and sessions

	folder   string
	listener net.Listener
	mutex    sync.Mutex
	sessions map[*exec.Cmd]struct{} // one process a connection, as inetd does it: then nothing has to find a free port or wait for it
}

// The home is not that of the user: what a login shell reads there is slow on some machines, and speaks on others.
const settings = `
HostKey %[1]s/host_key
AuthorizedKeysFile %[1]s/user_key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
LogLevel VERBOSE
PidFile none
SetEnv HOME=%[1]s
`

// Start starts a server that keeps its files in the folder. Stop stops it.
func Start(folder string) (*Server, error) {
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	s := &Server{
		User: me.Username, Key: filepath.Join(folder, "user_key"), KnownHosts: filepath.Join(folder, "known_hosts"), Log: filepath.Join(folder, "sshd.log"),
		folder: folder, sessions: map[*exec.Cmd]struct{}{},
	}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("sshd: %w", err)
	}
	if err := os.WriteFile(s.Log, nil, 0o600); err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.Port = s.listener.Addr().(*net.TCPAddr).Port
	go s.accept()
	return s, s.Introduce("127.0.0.1", s.Port)
}

// Installed tells whether the machine has an OpenSSH server.
func Installed() bool {
	_, err := os.Stat(binary)
	return err == nil
}

const binary = "/usr/sbin/sshd"

func (s *Server) prepare() error {
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // sshd insists on it
			return err
		}
	}
	for _, name := range []string{"host_key", "user_key"} {
		output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(s.folder, name)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ssh-keygen: %w: %s", err, output)
		}
	}
	return os.WriteFile(filepath.Join(s.folder, "sshd_config"), fmt.Appendf(nil, settings, s.folder), 0o600)
}

// Introduce adds an address to the known hosts: that of somebody who forwards to the server.
func (s *Server) Introduce(host string, port int) error {
	key, err := os.ReadFile(filepath.Join(s.folder, "host_key.pub"))
	if err != nil {
		return err
	}
	known, err := os.OpenFile(s.KnownHosts, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(known, "[%s]:%d %s", host, port, key); err != nil {
		return err
	}
	return known.Close()
}

func (s *Server) accept() {
	for {
		connection, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.serve(connection.(*net.TCPConn))
	}
}

// serve runs sshd for one connection.
func (s *Server) serve(connection *net.TCPConn) {
	file, err := connection.File()
	_ = connection.Close() // sshd has the file
	if err != nil {
		return
	}
	cmd := exec.Command(binary, "-i", "-f", filepath.Join(s.folder, "sshd_config"), "-E", s.Log)
	cmd.Stdin, cmd.Stdout = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	s.mutex.Lock()
	err = cmd.Start()
	if err == nil {
		s.sessions[cmd] = struct{}{}
	}
	s.mutex.Unlock()
	_ = file.Close()
	if err != nil {
		return
	}
	_ = cmd.Wait() // the client sees how it ended
	s.mutex.Lock()
	delete(s.sessions, cmd)
	s.mutex.Unlock()
}

// Stop ends all connections and takes no more.
func (s *Server) Stop() {
	_ = s.listener.Close()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for cmd := range s.sessions {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may be gone by itself
	}
}

// Channels counts what was started so far in sessions: commands and file transfers.
func (s *Server) Channels() (commands, transfers int, err error) {
	log, err := os.ReadFile(s.Log)
	return strings.Count(string(log), "Starting session: command"), strings.Count(string(log), "Starting session: subsystem 'sftp'"), err
}
