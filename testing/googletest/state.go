package googletest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// state is what outlives the server.
type state struct {
	Accounts  map[string]*account // by address
	Projects  map[string]*project // by id
	Providers map[string]provider // of workload identity federation, by audience
	Grants    []grant
	Tokens    map[string]TokenInfo // by their value
	Instance  instance
}

type project struct {
	Number      string
	DisabledAPI map[string]bool // by service name, as iamcredentials.googleapis.com
}

func (s *Server) file() string { return filepath.Join(s.dir, "google.json") }

func (s *Server) load() error {
	s.state = state{
		Accounts: map[string]*account{}, Projects: map[string]*project{}, Providers: map[string]provider{}, Tokens: map[string]TokenInfo{},
	}
	if s.dir == "" {
		return nil
	}
	content, err := os.ReadFile(s.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("google: %w", err)
	}
	if err := json.Unmarshal(content, &s.state); err != nil {
		return fmt.Errorf("google: read %s: %w; remove it to begin anew", s.file(), err)
	}
	return nil
}

// change makes a change and keeps it.
func (s *Server) change(change func() error) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.saveAfter(change())
}

// saveAfter keeps the state unless the change failed.
func (s *Server) saveAfter(err error) error {
	if err != nil || s.dir == "" {
		return err
	}
	for value, info := range s.state.Tokens {
		if time.Unix(info.Expires, 0).Before(s.now()) {
			delete(s.state.Tokens, value)
		}
	}
	content, err := json.MarshalIndent(s.state, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(s.file()+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(s.file()+".new", s.file())
}

// project finds a project or makes it.
func (s *Server) project(id string) *project {
	known := s.state.Projects[id]
	if known == nil {
		known = &project{Number: digits(12), DisabledAPI: map[string]bool{}}
		s.state.Projects[id] = known
	}
	return known
}

// Project makes a project, with every API enabled, or finds it, and tells its number.
func (s *Server) Project(id string) (number string, err error) {
	err = s.change(func() error {
		number = s.project(id).Number
		return nil
	})
	return number, err
}

// DisableAPI disables a service (iamcredentials.googleapis.com, container.googleapis.com, ...) in a project or enables it again.
func (s *Server) DisableAPI(projectID, service string, disabled bool) error {
	return s.change(func() error {
		s.project(projectID).DisabledAPI[service] = disabled
		return nil
	})
}

// APIDisabled tells whether a service is disabled in a project, and the project's number, which Google's answer names.
func (s *Server) APIDisabled(projectID, service string) (disabled bool, number string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	known := s.state.Projects[projectID]
	if known == nil {
		return false, ""
	}
	return known.DisabledAPI[service], known.Number
}

// SkewClock moves Google's clock: tokens and signed requests are judged and stamped by it. Zero sets it right.
func (s *Server) SkewClock(by time.Duration) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.skew = by
}

func (s *Server) now() time.Time { return time.Now().Add(s.skew) }
