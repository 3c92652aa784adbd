package server

import (
	"crypto/subtle"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/bootstrap"
)

// Roles of those who ask the supervisor.
const (
	agentRole  = "k3s:agent"
	serverRole = "k3s:server"
	nodeRole   = "system:nodes"
)

// Limits of what agents ask at the same time; those beyond them try again.
const (
	maxReads  = 20
	maxWrites = 10
)

func (s *Server) router() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { answer(w, "text/plain", []byte("pong")) })
	m.HandleFunc("/cacerts", func(w http.ResponseWriter, _ *http.Request) { answer(w, "text/plain", s.keys.server.PEM()) })
	m.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.Dir(s.Settings.ServerDir("static")))))
	reads, writes := make(chan struct{}, maxReads), make(chan struct{}, maxWrites)
	for path, handle := range map[string]http.HandlerFunc{
		"serving-kubelet.crt": s.servingKubelet, "client-kubelet.crt": s.clientKubelet, "client-kube-proxy.crt": s.clientOther("client-kube-proxy"),
		"client-k3s-controller.crt": s.clientOther("client-k3s-controller"), "client-ca.crt": s.file("client-ca.crt"),
		"server-ca.crt": s.file("server-ca.crt"), "apiservers": s.apiservers, "config": s.config, "readyz": s.readyz,
	} {
		m.HandleFunc("/v1-k3s/"+path, s.allow(limit(reads, writes, handle), agentRole, nodeRole))
	}
	for path, handle := range map[string]http.HandlerFunc{
		"server-bootstrap": s.serverBootstrap, "token": s.rotateToken, "encrypt/status": s.encryptStatus,
		"encrypt/config": s.encryptConfig,
	} {
		m.HandleFunc("/v1-k3s/"+path, s.allow(handle, serverRole))
	}
	m.HandleFunc("/db/info", s.localOr(s.info, serverRole))
	m.HandleFunc("/db/snapshot", s.allow(s.snapshot, serverRole))
	m.HandleFunc("/", s.kubernetes)
	return m
}

// kubernetes hands to kube-apiserver what is not the supervisor's.
func (s *Server) kubernetes(w http.ResponseWriter, r *http.Request) {
	handler := s.api.Load()
	if handler == nil {
		refuse(w, http.StatusServiceUnavailable, "apiserver not ready")
		return
	}
	(*handler).ServeHTTP(w, r)
}

// allow lets those in who have one of the roles.
func (s *Server) allow(next http.HandlerFunc, roles ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		role, known := s.role(r)
		switch {
		case !known:
			refuse(w, http.StatusUnauthorized, "Unauthorized")
		case !slices.Contains(roles, role):
			refuse(w, http.StatusForbidden, "forbidden")
		default:
			next(w, r)
		}
	}
}

func (s *Server) localOr(next http.HandlerFunc, roles ...string) http.HandlerFunc {
	guarded := s.allow(next, roles...)
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsLoopback() {
			next(w, r)
			return
		}
		guarded(w, r)
	}
}

// role knows a client certificate of a node, a password of the tokens, and a bootstrap token.
func (s *Server) role(r *http.Request) (string, bool) {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		leaf := r.TLS.PeerCertificates[0]
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: s.keys.client.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err == nil {
			if slices.Contains(leaf.Subject.Organization, "system:masters") {
				return serverRole, true
			}
			return strings.Join(leaf.Subject.Organization, ","), true
		}
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return agentRole, s.bootstrapToken(r.Context(), bearer)
	}
	user, password, ok := r.BasicAuth()
	if !ok {
		return "", false
	}
	return s.passwd(user, password)
}

// passwd looks into cred/passwd: password,user,id,role.
func (s *Server) passwd(user, password string) (string, bool) {
	content, err := os.ReadFile(s.cred("passwd"))
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimSpace(line), ",")
		if len(fields) == 4 && fields[1] == user && subtle.ConstantTimeCompare([]byte(fields[0]), []byte(password)) == 1 {
			return fields[3], true
		}
	}
	return "", false
}

func limit(reads, writes chan struct{}, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		places := writes
		if r.Method == http.MethodGet {
			places = reads
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			next(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusTooManyRequests, "Too many requests, please try again later.")
		}
	}
}

func answer(w http.ResponseWriter, kind string, content []byte) {
	w.Header().Set("Content-Type", kind)
	w.Write(content)
}

func answerJSON(w http.ResponseWriter, value any) {
	content, err := json.Marshal(value)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, "application/json", content)
}

// refuse answers as Kubernetes does, with a Status.
func refuse(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	content, _ := json.Marshal(map[string]any{ // cannot fail
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure", "message": message,
		"reason": strings.ReplaceAll(http.StatusText(code), " ", ""), "code": code,
	})
	w.Write(content)
}

// hide keeps the cause of a failure in the journal and gives the client a number to look for.
func hide(w http.ResponseWriter, operation string, err error) {
	id := rand.N(90000) + 10000
	logrus.Errorf("%s error ID %05d: %v", operation, id, err)
	refuse(w, http.StatusInternalServerError, fmt.Sprintf("see server log for details: %s error ID %05d", operation, id))
}

func (s *Server) serverBootstrap(w http.ResponseWriter, _ *http.Request) {
	data, err := bootstrap.Read(s.Settings.ServerDir())
	if err != nil {
		hide(w, "bootstrap", err)
		return
	}
	answer(w, "application/json", data)
}

func (s *Server) config(w http.ResponseWriter, _ *http.Request) {
	c, err := critical(s.Settings)
	if err != nil {
		hide(w, "config", err)
		return
	}
	answerJSON(w, c)
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if s.api.Load() == nil {
		refuse(w, http.StatusServiceUnavailable, "apiserver not ready")
		return
	}
	answer(w, "text/plain", []byte("ok"))
}

func (s *Server) info(w http.ResponseWriter, r *http.Request) {
	if s.store.Alone {
		http.NotFound(w, r)
		return
	}
	answerJSON(w, map[string]any{"members": s.store.Members(r.Context())})
}

func (s *Server) file(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, s.tls(name)) }
}
