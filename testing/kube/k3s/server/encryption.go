package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiserver "k8s.io/apiserver/pkg/apis/apiserver/v1"
)

// Stages of a rotation of keys.
const (
	stageStart    = "start"
	stageActive   = "reencrypt_active"
	stageFinished = "reencrypt_finished"
)

// EncryptionStatus is what GET /v1-k3s/encrypt/status tells.
type EncryptionStatus struct {
	Stage        string   `json:"stage,omitempty"`
	ActiveKey    string   `json:"activekey,omitempty"`
	Enable       *bool    `json:"enable,omitempty"`
	HashMatch    bool     `json:"hashmatch,omitempty"`
	HashError    string   `json:"hasherror,omitempty"`
	InactiveKeys []string `json:"inactivekeys,omitempty"`
}

// EncryptionRequest is what k3s secrets-encrypt puts to /v1-k3s/encrypt/config.
type EncryptionRequest struct {
	Stage  *string `json:"stage,omitempty"`
	Enable *bool   `json:"enable,omitempty"`
}

func (s *Server) encryptionFile() string { return s.cred("encryption-config.json") }

func (s *Server) stateFile() string { return s.cred("encryption-state.json") }

// encryptionConfig makes the keys of a cluster that encrypts its secrets, at its first start.
func (s *Server) encryptionConfig() error {
	if !s.Settings.SecretsEncryption {
		return nil
	}
	if _, err := os.Stat(s.encryptionFile()); err == nil {
		return nil
	}
	if err := s.writeEncryption([]apiserver.Key{newKey()}, true); err != nil {
		return err
	}
	return s.writeStage(stageStart)
}

func newKey() apiserver.Key {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return apiserver.Key{Name: "aescbckey-" + time.Now().UTC().Format(time.RFC3339), Secret: base64.StdEncoding.EncodeToString(secret)}
}

func (s *Server) writeEncryption(keys []apiserver.Key, enabled bool) error {
	encrypts := apiserver.ProviderConfiguration{AESCBC: &apiserver.AESConfiguration{Keys: keys}}
	if s.Settings.SecretsEncryptionProvider == "secretbox" {
		encrypts = apiserver.ProviderConfiguration{Secretbox: &apiserver.SecretboxConfiguration{Keys: keys}}
	}
	providers := []apiserver.ProviderConfiguration{encrypts, {Identity: &apiserver.IdentityConfiguration{}}}
	if !enabled {
		providers[0], providers[1] = providers[1], providers[0]
	}
	content, err := json.Marshal(apiserver.EncryptionConfiguration{
		TypeMeta:  metav1.TypeMeta{Kind: "EncryptionConfiguration", APIVersion: "apiserver.config.k8s.io/v1"},
		Resources: []apiserver.ResourceConfiguration{{Resources: []string{"secrets"}, Providers: providers}},
	})
	if err != nil {
		return err
	}
	return writeFile(s.encryptionFile(), content)
}

// readEncryption gives the keys, the active first, and whether they are used to write.
func (s *Server) readEncryption() (keys []apiserver.Key, enabled bool, err error) {
	content, err := os.ReadFile(s.encryptionFile())
	if err != nil {
		return nil, false, err
	}
	var config apiserver.EncryptionConfiguration
	if err := json.Unmarshal(content, &config); err != nil || len(config.Resources) == 0 {
		return nil, false, fmt.Errorf("%s: no encryption configuration: %w", s.encryptionFile(), err)
	}
	for i, provider := range config.Resources[0].Providers {
		switch {
		case provider.AESCBC != nil:
			keys, enabled = provider.AESCBC.Keys, i == 0
		case provider.Secretbox != nil:
			keys, enabled = provider.Secretbox.Keys, i == 0
		}
	}
	return keys, enabled, nil
}

// writeStage keeps the stage and the hash of the configuration that it belongs to.
func (s *Server) writeStage(stage string) error {
	content, err := os.ReadFile(s.encryptionFile())
	if err != nil {
		return err
	}
	return writeFile(s.stateFile(), fmt.Appendf(nil, "%s-%x", stage, sha256.Sum256(content)))
}

func (s *Server) stage() string {
	stage, _, _ := strings.Cut(s.encryptionHash(), "-")
	return stage
}

// encryptionHash is the stage and the hash, as the node's annotation tells them.
func (s *Server) encryptionHash() string {
	content, err := os.ReadFile(s.stateFile())
	if err != nil {
		return ""
	}
	return string(content)
}

func (s *Server) encryptStatus(w http.ResponseWriter, r *http.Request) {
	keys, enabled, err := s.readEncryption()
	if errors.Is(err, os.ErrNotExist) {
		answerJSON(w, EncryptionStatus{})
		return
	}
	if err != nil {
		hide(w, "secrets-encrypt", err)
		return
	}
	status := EncryptionStatus{Stage: s.stage(), Enable: &enabled, ActiveKey: keys[0].Name, HashMatch: true}
	for _, key := range keys[1:] {
		status.InactiveKeys = append(status.InactiveKeys, key.Name)
	}
	if err := s.hashesMatch(r.Context()); err != nil {
		status.HashMatch, status.HashError = false, err.Error()
	}
	answerJSON(w, status)
}

// hashesMatch compares what the servers say that their configuration is.
func (s *Server) hashesMatch(ctx context.Context) error {
	nodes, err := s.kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "node-role.kubernetes.io/control-plane"})
	if err != nil {
		return err
	}
	own := s.encryptionHash()
	for _, node := range nodes.Items {
		if theirs := node.Annotations["k3s.io/encryption-config-hash"]; theirs != own && node.Name != s.Settings.NodeName {
			return fmt.Errorf("hash does not match between %s and %s", s.Settings.NodeName, node.Name)
		}
	}
	return nil
}

func (s *Server) encryptConfig(w http.ResponseWriter, r *http.Request) {
	var request EncryptionRequest
	if r.Method != http.MethodPut {
		refuse(w, http.StatusMethodNotAllowed, "method not allowed")
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := s.encryptAs(r.Context(), request); err != nil {
		hide(w, "secrets-encrypt", err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (s *Server) encryptAs(ctx context.Context, request EncryptionRequest) error {
	keys, enabled, err := s.readEncryption()
	if err != nil {
		return err
	}
	switch {
	case request.Enable != nil:
		if err := s.writeEncryption(keys, *request.Enable); err != nil {
			return err
		}
		return s.keepEncryption(ctx, stageStart)
	case request.Stage == nil || *request.Stage != "rotate_keys":
		return errors.New("unknown stage: only rotate_keys is known")
	case !enabled:
		return errors.New("secrets encryption is not enabled")
	case s.stage() == stageActive:
		return errors.New("invalid hash stage: reencryption is active")
	}
	if err := s.hashesMatch(ctx); err != nil {
		return err
	}
	if err := s.writeEncryption(append([]apiserver.Key{newKey()}, keys...), true); err != nil {
		return err
	}
	if err := s.keepEncryption(ctx, stageActive); err != nil {
		return err
	}
	return s.reencrypt(context.WithoutCancel(ctx)) // k3s goes on when nobody waits for its answer
}

// keepEncryption writes the stage, and all of it to the datastore, from where the other servers take it when they start.
func (s *Server) keepEncryption(ctx context.Context, stage string) error {
	if err := s.writeStage(stage); err != nil {
		return err
	}
	return s.putBootstrap(ctx, s.password)
}

// reencrypt writes every secret again, once kube-apiserver has taken over the new key, and drops the old keys.
func (s *Server) reencrypt(ctx context.Context) error {
	keys, _, err := s.readEncryption()
	if err != nil {
		return err
	}
	if err := s.awaitKey(ctx, keys[0].Name); err != nil {
		return err
	}
	list, err := s.kube.CoreV1().Secrets(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, secret := range list.Items {
		if _, err := s.kube.CoreV1().Secrets(secret.Namespace).Update(ctx, &secret, metav1.UpdateOptions{}); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("secret %s/%s: %w", secret.Namespace, secret.Name, err)
		}
	}
	if err := s.writeEncryption(keys[:1], true); err != nil {
		return err
	}
	logrus.Infof("Reencrypted %d secrets", len(list.Items))
	return s.keepEncryption(ctx, stageFinished)
}

// awaitKey returns when a secret that is written now lies encrypted with the key in the datastore.
func (s *Server) awaitKey(ctx context.Context, key string) error {
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		name := nodeSecret(s.Settings.NodeName)
		secret, err := s.kube.CoreV1().Secrets(metav1.NamespaceSystem).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if _, err := s.kube.CoreV1().Secrets(metav1.NamespaceSystem).Update(ctx, secret, metav1.UpdateOptions{}); err != nil && !apierrors.IsConflict(err) {
			return err
		}
		held, err := s.store.Get(ctx, "/registry/secrets/"+metav1.NamespaceSystem+"/"+name)
		if err != nil {
			return err
		}
		for _, value := range held {
			if strings.Contains(value[:min(len(value), 200)], ":"+key+":") {
				return nil
			}
		}
	}
	return fmt.Errorf("kube-apiserver does not use key %s after two minutes", key)
}
