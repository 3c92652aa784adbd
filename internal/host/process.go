package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// process is a script that runs on the other side.
type process struct {
	link    *link
	channel ssh.Channel
	stdin   io.Reader
	script  string

	begun   chan struct{} // closed when the script has begun
	group   string        // its process group there, once begun
	prompts int           // how often sudo asked for its password

	ended  chan struct{} // closed when it has ended
	status error         // then: nil, an *exitCode, or what broke

	silent chan struct{} // closed when stderr is at its end
	mutex  sync.Mutex
	stderr tail
	unread error // why the command's input could not be read
}

// exitCode is how a script ended that did not end well.
type exitCode struct{ code int }

func (e *exitCode) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// maxCommands is how many commands run at once over a connection; others wait. OpenSSH allows 10 sessions (MaxSessions), of which the server
// of SFTP takes one and those that end commands some; one that has just ended still counts for a moment.
const maxCommands = 4

// start starts a script in a channel of its own.
func (l *link) start(ctx context.Context, steps string, stdin io.Reader) (*process, error) {
	p := &process{link: l, stdin: stdin, script: l.frame(steps), begun: make(chan struct{}), ended: make(chan struct{}), silent: make(chan struct{})}
	opened := make(chan error, 1)
	go func() { opened <- p.open() }()
	select {
	case err := <-opened:
		return p, l.explain(err)
	case <-ctx.Done():
		return nil, context.Cause(ctx) // the channel is closed with the connection
	}
}

func (p *process) open() error {
	channel, requests, err := p.link.client.OpenChannel("session", nil)
	if err != nil {
		return err
	}
	p.channel = channel
	go p.watch(requests)
	go p.listen()
	ok, err := channel.SendRequest("exec", true, ssh.Marshal(struct{ Line string }{p.link.commandLine(p.script)}))
	if err == nil && !ok {
		err = errors.New("the host refuses to run commands")
	}
	if err != nil {
		return first(err, channel.Close())
	}
	return nil
}

// watch takes the exit code.
func (p *process) watch(requests <-chan *ssh.Request) {
	var once sync.Once
	end := func(status error) {
		once.Do(func() {
			p.status = status
			close(p.ended)
		})
	}
	for request := range requests {
		switch request.Type {
		case "exit-status":
			var status struct{ Code uint32 }
			err := ssh.Unmarshal(request.Payload, &status)
			if err == nil && status.Code != 0 {
				err = &exitCode{int(status.Code)}
			}
			end(err)
		case "exit-signal":
			var signal struct {
				Name          string
				Core          bool
				Said, Tongues string
			}
			err := ssh.Unmarshal(request.Payload, &signal)
			end(first(err, &exitCode{128 + int(unix.SignalNum("SIG"+signal.Name))}))
		}
	}
	<-p.silent // so that what went wrong before it began is known
	end(p.link.explain(errors.New("it ended without telling its exit code")))
}

// listen reads stderr: first what precedes the command, then what it says.
func (p *process) listen() {
	defer close(p.silent)
	lines := bufio.NewReader(p.channel.Stderr())
	for {
		line, err := lines.ReadString('\n')
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case word == p.link.prompt():
			p.answer()
		case word == p.link.ready():
			go p.feed()
		case word == p.link.begin():
			p.mutex.Lock()
			p.group, p.stderr = rest, tail{}
			p.mutex.Unlock()
			close(p.begun)
			_, _ = io.Copy(p, lines) // it ends with the channel; how that ended, watch knows
			return
		default:
			_, _ = p.Write([]byte(line)) // of sudo or the login shell
		}
		if err != nil {
			return
		}
	}
}

// Write keeps the end of stderr.
func (p *process) Write(said []byte) (int, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.stderr.Write(said)
}

func (p *process) said() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.stderr.String()
}

// answer gives sudo its password. If sudo asks again it was wrong, and the end of the input ends sudo.
func (p *process) answer() {
	p.prompts++
	if p.prompts > 1 {
		_ = p.channel.CloseWrite() // sudo's exit code tells the rest
		return
	}
	_, _ = io.WriteString(p.channel, p.link.secret+"\n")
}

// feed sends the script and then the command's input. That a command ends without having read it is its own business.
func (p *process) feed() {
	if _, err := io.WriteString(p.channel, p.script); err != nil {
		return // it has ended
	}
	if p.stdin != nil {
		input := &input{Reader: p.stdin}
		_, _ = io.Copy(p.channel, input)
		if input.err != nil {
			p.mutex.Lock()
			p.unread = input.problem()
			p.mutex.Unlock()
			_ = p.channel.Close() // the command must not take a part for the whole
			return
		}
	}
	_ = p.channel.CloseWrite()
}

// input remembers why reading failed.
type input struct {
	io.Reader
	err error
}

func (i *input) Read(b []byte) (int, error) {
	n, err := i.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		i.err = err
	}
	return n, err
}

func (i *input) problem() error { return fmt.Errorf("read its input: %w", i.err) }

// output is stdout from where the command begins.
func (p *process) output() (io.Reader, error) {
	lines := bufio.NewReaderSize(p.channel, 64<<10)
	for {
		line, err := lines.ReadString('\n')
		if strings.TrimSuffix(line, "\n") == p.link.begin() {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// copyTo brings stdout to a writer. One that fails does not hold the command up, but is told at its end.
func (p *process) copyTo(stdout io.Writer) <-chan error {
	copied := make(chan error, 1)
	go func() {
		output, err := p.output()
		if err != nil {
			copied <- nil // it has ended before it began
			return
		}
		_, err = io.Copy(stdout, output)
		_, _ = io.Copy(io.Discard, output)
		copied <- err
	}()
	return copied
}

// finish waits for the end and for what is still on its way then. Something that the command left behind may hold its outputs open: it
// gets a moment.
func (p *process) finish(copied <-chan error) error {
	<-p.ended
	late := time.AfterFunc(grace, func() { _ = p.channel.Close() })
	defer late.Stop()
	err := <-copied
	<-p.silent
	return first(p.result(), err, ignoreClosed(p.channel.Close()))
}

// result is how it ended.
func (p *process) result() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	said := lastLines(p.stderr.String(), 3)
	var exit *exitCode
	switch {
	case p.unread != nil:
		return p.unread
	case p.group != "" || !errors.As(p.status, &exit):
		return p.status
	case p.prompts > 1:
		return errors.New("become root: sudo does not accept the password")
	case p.link.sudo:
		return fmt.Errorf("become root: %s; give sudo's password, or let sudo need none", said)
	}
	return fmt.Errorf("the login shell does not run /bin/sh: %s", said)
}

// kill ends a process that has not ended, and waits until it has.
func (l *link) kill(p *process) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), 3*grace, errors.New("the host does not say that it ended"))
	defer cancel()
	err := p.endGroup(ctx)
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		err = first(err, context.Cause(ctx))
		l.fail(err)
		return err
	}
}

func (p *process) endGroup(ctx context.Context) error {
	select {
	case <-p.begun:
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	killer, err := p.link.start(ctx, ending(p.group), nil)
	if err != nil {
		return err
	}
	return killer.finish(killer.copyTo(io.Discard))
}
