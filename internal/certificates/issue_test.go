package certificates

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var now = time.Now()

func newAuthority(t *testing.T, validity time.Duration) pair {
	t.Helper()
	authority, err := Authority{CommonName: "lab", Validity: validity}.make(now)
	require.NoError(t, err)
	return authority
}

var grpc = Certificate{
	Name: "grpc", CommonName: "metal-api", SANs: []string{"metal-api", "127.0.0.1"}, Usages: []Usage{Server}, Validity: 100 * Day, RenewBefore: 10 * Day,
}

func TestServerAndClientTrustEachOther(t *testing.T) {
	authority := newAuthority(t, 1000*Day)
	server, err := grpc.issue(authority, now)
	require.NoError(t, err)
	client, err := Certificate{CommonName: "nsqd", Usages: []Usage{Client}, Validity: Day}.issue(authority, now)
	require.NoError(t, err)
	shown, err := tls.X509KeyPair([]byte(server.certificate), []byte(server.key))
	require.NoError(t, err)
	bundle := (&entry{is: client}).part(BundlePart)
	user, err := tls.X509KeyPair([]byte(bundle), []byte(bundle))
	require.NoError(t, err, "a bundle is certificate and key")
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM([]byte(authority.certificate)))

	near, far := net.Pipe()
	listening := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{shown}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert})
	answered := make(chan error, 1)
	go func() { answered <- listening.Handshake() }()
	asking := tls.Client(near, &tls.Config{RootCAs: pool, ServerName: "metal-api", Certificates: []tls.Certificate{user}})
	require.NoError(t, asking.Handshake())
	require.NoError(t, <-answered)
	assert.Error(t, user.Leaf.VerifyHostname("nsqd"), "a client has no name to be reached by")
}

func TestACertificateIsMadeAnewWhenItLacksSomethingOrEnds(t *testing.T) {
	made, err := grpc.issue(newAuthority(t, 1000*Day), now)
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		change func(*Certificate)
		at     time.Time
		reason string
	}{
		{"the same", func(*Certificate) {}, now, ""},
		{"fewer names", func(c *Certificate) { c.SANs = c.SANs[:1] }, now, ""},
		{"another way to write an address", func(c *Certificate) { c.SANs = []string{"::ffff:127.0.0.1"} }, now, ""},
		{"the last day", func(*Certificate) {}, now.Add(90*Day - time.Minute), ""},
		{"time to renew", func(*Certificate) {}, now.Add(90*Day + time.Minute), "it ends on " + date(made.leaf.NotAfter)},
		{"too late", func(*Certificate) {}, now.Add(101 * Day), "it ended on " + date(made.leaf.NotAfter)},
		{"more names", func(c *Certificate) { c.SANs = []string{"metal-api", "api.example.com", "192.0.2.1"} }, now, "it is not for api.example.com, 192.0.2.1"},
		{"another usage", func(c *Certificate) { c.Usages = []Usage{Server, Client} }, now, "it is not for clients"},
		{"another name", func(c *Certificate) { c.CommonName = "api" }, now, `its name is "metal-api"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			wanted := grpc
			c.change(&wanted)
			assert.Equal(t, c.reason, wanted.outdated(made.leaf, c.at))
		})
	}
}

func TestNoCertificateOutlivesItsAuthority(t *testing.T) {
	authority := newAuthority(t, 50*Day)
	made, err := grpc.issue(authority, now)
	require.NoError(t, err)
	assert.Equal(t, authority.leaf.NotAfter, made.leaf.NotAfter)
	p := &Plan{}
	later := grpc
	later.RenewBefore, later.Authority = 60*Day, "lab"
	assert.True(t, p.lastsLongest(later, &entry{was: made}, authority), "a new one would end on the same day, and be made anew by each run")
	assert.Equal(t, []string{"certificate grpc ends on " + date(made.leaf.NotAfter) + ", as does its authority lab; give a new authority before, and set replace"}, p.Warnings())
}

func TestAnAuthorityWithoutItsKeyAndOneThatIsNone(t *testing.T) {
	authority := newAuthority(t, 50*Day)
	made, err := grpc.issue(authority, now)
	require.NoError(t, err)
	_, err = Authority{Certificate: authority.certificate}.given()
	require.NoError(t, err)
	for _, given := range []Authority{{Certificate: made.certificate}, {Certificate: made.certificate, Key: made.key}} {
		_, err = given.given()
		assert.EqualError(t, err, "its certificate (CN=metal-api,O=metal-stack) is no authority's; give one that may sign others")
	}
	_, err = Authority{Certificate: authority.certificate, Key: made.key}.given()
	assert.EqualError(t, err, "certificate and key: tls: private key does not match public key; give the key of this certificate")
}
