package meet

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// meeting is one of three servers on this machine, seen from the one with the number.
func meeting(t *testing.T, port, number int) Meeting {
	t.Helper()
	return Meeting{
		Self: address(number), Servers: []string{address(4), address(2), address(3)}, Port: port, Password: "secret", Timeout: 10 * time.Second,
		Dial: new(net.Dialer).DialContext,
	}
}

func address(number int) string { return fmt.Sprintf("127.0.0.%d", number) }

// freePort is one that nobody listens at, as long as tests run one after the other.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// k3s answers at a server's address as k3s does.
func k3s(t *testing.T, at string, port int) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(at, fmt.Sprint(port)))
	require.NoError(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/ping", r.URL.Path)
		fmt.Fprint(w, "pong")
	})}}
	server.StartTLS()
	t.Cleanup(server.Close)
}

type outcome struct {
	Verdict
	err error
}

func agree(m Meeting) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		verdict, err := m.Agree(context.Background())
		done <- outcome{verdict, err}
	}()
	return done
}

func TestOneOfThreeWithoutDataBeginsAndTheOthersJoinIt(t *testing.T) {
	port := freePort(t)
	third, second := agree(meeting(t, port, 4)), agree(meeting(t, port, 3))
	first := <-agree(meeting(t, port, 2))
	require.NoError(t, first.err)
	assert.Equal(t, Verdict{}, first.Verdict, "the lowest address begins")
	k3s(t, address(2), port)
	assert.Equal(t, outcome{Verdict{Join: address(2)}, nil}, <-second)
	assert.Equal(t, outcome{Verdict{Join: address(2)}, nil}, <-third)
	assert.Equal(t, address(2), meeting(t, port, 4).Serving(t.Context()))
}

func TestAServerThatHasLostItsDataJoinsTheOthers(t *testing.T) {
	port := freePort(t)
	k3s(t, address(4), port)
	assert.Equal(t, outcome{Verdict{Join: address(4)}, nil}, <-agree(meeting(t, port, 2)))
}

func TestNobodyBeginsWhileAServerCannotBeAsked(t *testing.T) {
	port := freePort(t)
	m := meeting(t, port, 2)
	m.Timeout = 2 * time.Second
	other := agree(meeting(t, port, 3))
	first := <-agree(m)
	assert.EqualError(t, first.err, "wait for the other servers: gave up after 2s, last seen it is not known whether there is data on 127.0.0.4 (connection refused); "+
		"run this on all servers at the same time, or start those that have data")
	assert.Empty(t, m.Serving(t.Context()))

	m.NewCluster = true
	assert.Equal(t, outcome{}, <-agree(m), "somebody has said that there is none")
	k3s(t, address(2), port)
	assert.Equal(t, outcome{Verdict{Join: address(2)}, nil}, <-other)
}

func TestOthersThatWantSomethingElseAreTold(t *testing.T) {
	port := freePort(t)
	stranger, small := meeting(t, port, 3), meeting(t, port, 4)
	stranger.Password, small.Servers = "another", []string{address(4), address(2)}
	stranger.Timeout, small.Timeout = 4*time.Second, 4*time.Second
	others := []<-chan outcome{agree(stranger), agree(small)}
	m := meeting(t, port, 2)
	m.Timeout = 3 * time.Second
	assert.EqualError(t, (<-agree(m)).err, "wait for the other servers: gave up after 3s, last seen no agreement with 127.0.0.3 (it has another token), "+
		"127.0.0.4 (its servers are 127.0.0.2,127.0.0.4); run this on all servers at the same time, or start those that have data")
	for _, other := range others {
		end := <-other
		assert.Error(t, end.err, "%+v", end)
	}
}

func TestAPortThatIsTakenIsTold(t *testing.T) {
	port := freePort(t)
	k3s(t, address(2), port)
	_, err := meeting(t, port, 2).Agree(t.Context())
	assert.EqualError(t, err, fmt.Sprintf("answer the other servers at port %d: listen tcp 127.0.0.2:%[1]d: bind: address already in use; end what listens there", port))
}

func TestAddressesAreInTheOrderOfTheirNumbers(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"10.0.0.9", "10.0.0.11", "fd00::1", "a", "b"}, Sorted([]string{"b", "10.0.0.11", "fd00::1", "a", "10.0.0.9", "a"}))
}
