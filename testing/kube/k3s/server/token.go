package server

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/bootstrap"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/token"
)

// rotateToken encrypts the secrets in the datastore with another token. Other servers and agents have to be told.
func (s *Server) rotateToken(w http.ResponseWriter, r *http.Request) {
	var request struct {
		NewToken string `json:"newToken"`
	}
	if r.Method != http.MethodPut {
		refuse(w, http.StatusMethodNotAllowed, "method not allowed")
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := s.replaceToken(r, request.NewToken); err != nil {
		hide(w, "token", err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (s *Server) replaceToken(r *http.Request, text string) error {
	replacement, err := token.Parse(text)
	if err != nil {
		return err
	}
	if replacement.Bootstrap() {
		return errors.New("failed to normalize server token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>")
	}
	if s.store.Alone {
		return errors.New("token rotation needs an etcd datastore")
	}
	old := s.password
	if old == replacement.Password {
		return nil
	}
	if err := s.putBootstrap(r.Context(), replacement.Password); err != nil {
		return err
	}
	if _, err := s.store.Client().Delete(r.Context(), bootstrap.Key(old)); err != nil {
		return err
	}
	s.password = replacement.Password
	logrus.Info("Server token rotated")
	return s.writeTokens()
}
