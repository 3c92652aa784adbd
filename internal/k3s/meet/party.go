package meet

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// party asks the others, and answers them.
type party struct {
	servers   string
	key       []byte
	transport *http.Transport
	port      int
}

// rounds make it slow to try passwords on what was heard on the wire. It is the number that OWASP recommends for PBKDF2 with SHA-256.
const rounds = 600_000

func (m Meeting) party() *party {
	servers := strings.Join(m.Servers, ",")
	key, err := pbkdf2.Key(sha256.New, m.Password, []byte("k3s_node "+servers), rounds, sha256.Size)
	if err != nil {
		panic(err) // of a key too short for FIPS 140; it is not
	}
	return &party{servers: servers, key: key, port: m.Port, transport: m.transport()}
}

// transport believes everybody: that it is k3s is all that is asked over TLS, and who joins there checks its certificate by the token.
func (m Meeting) transport() *http.Transport {
	return &http.Transport{DialContext: m.Dial, DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
}

// kind is what a server is, as far as it can be told from outside.
type kind int

const (
	silent    kind = iota // nobody knows
	serves                // k3s answers
	empty                 // it waits here, too
	disagrees             // it waits here, too, and for something else
)

type saying struct {
	kind kind
	why  string // for silent and disagrees
}

// answer is what a party says: that its server has no data. The proof is over the question's nonce, so that it cannot be repeated.
type answer struct {
	Servers string `json:"servers"`
	Proof   string `json:"proof"`
}

func (p *party) proof(nonce, servers string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte("no data\n" + nonce + "\n" + servers)) // a hash takes everything
	return hex.EncodeToString(mac.Sum(nil))
}

// path is where a party answers, and maxQuestion how long a question may be.
const (
	path        = "/k3s_node/meet"
	maxQuestion = 16 << 10
)

// serve answers until the listener is closed. The server of net/http would make the module 150 KB larger.
func (p *party) serve(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			_ = p.reply(c) // who does not get it asks again
		}()
	}
}

// reply answers one question.
func (p *party) reply(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return err
	}
	question, err := http.ReadRequest(bufio.NewReader(io.LimitReader(c, maxQuestion)))
	if err != nil {
		return err
	}
	status, text := http.StatusNotFound, []byte("there is nothing\n")
	if question.URL.Path == path {
		status = http.StatusOK
		if text, err = json.Marshal(answer{p.servers, p.proof(question.URL.Query().Get("nonce"), p.servers)}); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(c, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, http.StatusText(status), len(text), text)
	return err
}

// ask finds out what a server is.
func (p *party) ask(ctx context.Context, address string) saying {
	host := net.JoinHostPort(address, strconv.Itoa(p.port))
	if pong, err := p.get(ctx, "https://"+host+"/ping"); err == nil && strings.TrimSpace(pong) == "pong" {
		return saying{kind: serves}
	}
	question := nonce()
	text, err := p.get(ctx, "http://"+host+path+"?nonce="+question)
	if err != nil {
		return saying{silent, reason(ctx, err)}
	}
	var said answer
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		return saying{silent, "something else than k3s listens there"}
	}
	switch {
	case said.Servers != p.servers:
		return saying{disagrees, "its servers are " + said.Servers}
	case !hmac.Equal([]byte(said.Proof), []byte(p.proof(question, p.servers))):
		return saying{disagrees, "it has another token"}
	}
	return saying{kind: empty}
}

func (p *party) get(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	reply, err := p.transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, 64<<10))
	if err == nil && reply.StatusCode != http.StatusOK {
		err = errors.New(reply.Status)
	}
	return string(text), err
}

// reason is an error in a few words.
func reason(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "no answer"
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return text
}
