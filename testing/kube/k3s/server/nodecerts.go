package server

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"golang.org/x/crypto/scrypt"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/pki"
)

// servingKubelet certifies the node's kubelet as a server.
func (s *Server) servingKubelet(w http.ResponseWriter, r *http.Request) {
	s.certify(w, r, s.keys.server, func(node string) pki.Request {
		addresses := []string{node, "localhost", "127.0.0.1"}
		for ip := range strings.SplitSeq(r.Header.Get("k3s-Node-IP"), ",") {
			if ip = strings.TrimSpace(ip); ip != "" {
				addresses = append(addresses, ip)
			}
		}
		return pki.Request{Name: node, Addresses: addresses, Server: true}
	})
}

// clientKubelet certifies the node's kubelet as a client.
func (s *Server) clientKubelet(w http.ResponseWriter, r *http.Request) {
	s.certify(w, r, s.keys.client, func(node string) pki.Request {
		return pki.Request{Name: "system:node:" + node, Organization: []string{"system:nodes"}, Client: true}
	})
}

// clientOther hands out what all nodes share.
func (s *Server) clientOther(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var both []byte
		for _, suffix := range []string{".crt", ".key"} {
			content, err := os.ReadFile(s.tls(name + suffix))
			if err != nil {
				hide(w, name, err)
				return
			}
			both = append(both, content...)
		}
		answer(w, "text/plain", both)
	}
}

// certify answers with certificate and key, if the node's password is the one that came first.
func (s *Server) certify(w http.ResponseWriter, r *http.Request, by *pki.Authority, request func(node string) pki.Request) {
	node := strings.ToLower(r.Header.Get("k3s-Node-Name"))
	if node == "" {
		refuse(w, http.StatusBadRequest, "node name not set")
		return
	}
	if err := s.checkNodePassword(r.Context(), node, r.Header.Get("k3s-Node-Password")); err != nil {
		code := http.StatusForbidden
		if !errors.Is(err, errNodePassword) {
			code = http.StatusServiceUnavailable
		}
		refuse(w, code, fmt.Sprintf("unable to verify password for node %s: %v", node, err))
		return
	}
	pair, err := by.Issue(request(node))
	if err != nil {
		hide(w, "certificate", err)
		return
	}
	certificate, key, err := pki.Encode(pair)
	if err != nil {
		hide(w, "certificate", err)
		return
	}
	answer(w, "text/plain", append(certificate, key...))
}

var errNodePassword = errors.New("hash does not match")

func nodeSecret(node string) string { return node + ".node-password.k3s" }

// checkNodePassword compares with the secret of the node, or makes that of a new node.
func (s *Server) checkNodePassword(ctx context.Context, node, password string) error {
	if s.kube == nil {
		return errors.New("apiserver not ready")
	}
	if password == "" {
		return fmt.Errorf("%w: password not set", errNodePassword)
	}
	secrets := s.kube.CoreV1().Secrets(metav1.NamespaceSystem)
	have, err := secrets.Get(ctx, nodeSecret(node), metav1.GetOptions{})
	if err == nil {
		return compareHash(string(have.Data["hash"]), password)
	}
	if !apierrors.IsNotFound(err) {
		return err
	}
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	immutable := true
	_, err = secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: nodeSecret(node)}, Immutable: &immutable, Data: map[string][]byte{"hash": []byte(hash)},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return s.checkNodePassword(ctx, node, password)
	}
	return err
}

func (s *Server) forgetNodePassword(ctx context.Context, node string) error {
	err := s.kube.CoreV1().Secrets(metav1.NamespaceSystem).Delete(ctx, nodeSecret(node), metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// The hash is $1:salt:N as a power of two:r:p:scrypt, in hexadecimal.
const hashForm = "$1:%s:15:8:1:%s"

func hashPassword(password string) (string, error) {
	salt := make([]byte, 8)
	_, _ = rand.Read(salt) // never fails
	return hashWith(hex.EncodeToString(salt), password)
}

func hashWith(salt, password string) (string, error) {
	raw, err := hex.DecodeString(salt)
	if err != nil {
		return "", err
	}
	key, err := scrypt.Key([]byte(password), raw, 1<<15, 8, 1, 64)
	return fmt.Sprintf(hashForm, salt, hex.EncodeToString(key)), err
}

func compareHash(hash, password string) error {
	parts := strings.Split(hash, ":")
	if len(parts) != 6 {
		return errors.New("incorrect format, no salt")
	}
	again, err := hashWith(parts[1], password)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(again), []byte(hash)) != 1 {
		return errNodePassword
	}
	return nil
}
