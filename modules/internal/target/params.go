package target

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Params are the value of Option, to be embedded in a module's params.
type Params struct {
	SSH *SSH `ansible:"ssh"`
}

// SSH are the suboptions.
type SSH struct {
	Host            string   `ansible:"host"`
	Port            int      `ansible:"port"`
	KnownHosts      []string `ansible:"known_hosts"`
	Jump            []string `ansible:"jump"`
	ConnectTimeout  int      `ansible:"connect_timeout"`
	SilenceTimeout  int      `ansible:"silence_timeout"`
	User            string   `ansible:"user"`
	KeyFile         string   `ansible:"key_file"`
	Passphrase      string   `ansible:"passphrase"`
	CertificateFile string   `ansible:"certificate_file"`
	Agent           bool     `ansible:"agent"`
	Sudo            bool     `ansible:"sudo"`
	SudoPassword    string   `ansible:"sudo_password"`
}

// Open opens the host to work on; the caller closes it.
func (p Params) Open(ctx context.Context) (host.Host, error) {
	if p.SSH == nil {
		return host.Open(ctx, nil)
	}
	o := p.SSH.HostOptions()
	return host.Open(ctx, &o)
}

// HostOptions are the suboptions as package host takes them.
func (s SSH) HostOptions() host.Options {
	o := host.Options{
		Host: s.Host, Port: s.Port, User: s.User, KeyFile: s.KeyFile, Passphrase: s.Passphrase, CertificateFile: s.CertificateFile,
		KnownHosts: s.KnownHosts, Jump: s.Jump, Sudo: s.Sudo, SudoPassword: s.SudoPassword,
		ConnectTimeout: time.Duration(s.ConnectTimeout) * time.Second, SilenceTimeout: time.Duration(s.SilenceTimeout) * time.Second,
	}
	if s.Agent {
		o.Agent = os.Getenv("SSH_AUTH_SOCK")
	}
	return o
}

// Problems are what is wrong with the options beyond their types, all of it.
func (p Params) Problems() []string {
	if p.SSH == nil {
		return nil
	}
	var problems []string
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	s := p.SSH
	add(s.Host == "" || strings.ContainsAny(s.Host, " @/[]"), "ssh.host: %q is no name or address of a host; user and port have options of their own", s.Host)
	add(s.Port < 1 || s.Port > 65535, "ssh.port: %d is no port, which is 1 to 65535", s.Port)
	add(strings.ContainsAny(s.User, " @:"), "ssh.user: %q is no name of a user", s.User)
	add(s.ConnectTimeout < 1, "ssh.connect_timeout: at least 1 second is wanted")
	add(s.SilenceTimeout < 1, "ssh.silence_timeout: at least 1 second is wanted")
	add(s.Passphrase != "" && s.KeyFile == "", "ssh.passphrase: not without ssh.key_file; name the key that it opens")
	add(s.CertificateFile != "" && s.KeyFile == "", "ssh.certificate_file: not without ssh.key_file; name the key that it is of")
	add(s.SudoPassword != "" && !s.Sudo, "ssh.sudo_password: not without ssh.sudo; set that, or leave the password out")
	add(strings.ContainsAny(s.SudoPassword, "\n\x00"), "ssh.sudo_password: it has an end of line in it, which sudo cannot be given; is it of a file read as a whole?")
	for _, jump := range s.Jump {
		if err := host.CheckJump(jump); err != nil {
			problems = append(problems, "ssh.jump: "+err.Error())
		}
	}
	return problems
}
