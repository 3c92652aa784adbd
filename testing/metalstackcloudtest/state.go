package metalstackcloudtest

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// state is what outlives the server.
type state struct {
	Key      []byte            // that tokens are signed with
	Tokens   map[string]*token // by identifier
	Clusters []*cluster
}

func (s *Server) file() string { return filepath.Join(s.options.Dir, "metalstackcloud.json") }

func (s *Server) load() error {
	s.state = state{Tokens: map[string]*token{}}
	content, err := os.ReadFile(s.file())
	if errors.Is(err, fs.ErrNotExist) {
		s.state.Key = make([]byte, 32)
		_, err := rand.Read(s.state.Key)
		return err
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, &s.state); err != nil {
		return fmt.Errorf("read %s: %w; remove it to begin anew", s.file(), err)
	}
	return nil
}

// save keeps the state; the mutex is held.
func (s *Server) save() error {
	content, err := json.MarshalIndent(s.state, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.options.Dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(s.file()+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(s.file()+".new", s.file())
}
