package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// RotateToken makes the cluster take another token, of which one gives the password or the full form; a bootstrap token breaks clusters.
// changed tells that it did not before. Thereafter every server and every agent that joined by the old one must be given the new one and be
// restarted, one server at a time: until then those know the old one alone. Snapshots of before need the old one.
func (c *Cluster) RotateToken(ctx context.Context, replacement string) (changed bool, err error) {
	token, err := ParseToken(replacement)
	if err != nil {
		return false, fmt.Errorf("new token: %w", err)
	}
	if token.Bootstrap() {
		return false, errors.New("new token: it is a bootstrap token, with which servers cannot start; give another text")
	}
	if taken, err := c.Takes(ctx, replacement); err != nil || taken {
		return false, err
	}
	// It goes in the request, not on a command line as k3s token rotate has it.
	_, err = c.asServer(ctx, http.MethodPut, "/v1-k3s/token", map[string]string{"newToken": replacement})
	return err == nil, err
}

// Takes tells whether the server knows the token.
func (c *Cluster) Takes(ctx context.Context, token string) (bool, error) {
	t, err := ParseToken(token)
	if err != nil {
		return false, err
	}
	_, err = c.do(ctx, http.MethodGet, "/v1-k3s/encrypt/status", "server", t, nil)
	if code(err) == http.StatusUnauthorized || code(err) == http.StatusForbidden {
		return false, nil
	}
	return err == nil, err
}

// Encryption is how the cluster encrypts its Secrets.
type Encryption struct {
	Enabled   bool
	Stage     string   // start, reencrypt_active, reencrypt_finished, ...
	Active    string   // name of the key
	Inactive  []string // names of those that only decrypt
	HashMatch bool     // whether all servers have the same
	HashError string
}

// Encryption asks the server.
func (c *Cluster) Encryption(ctx context.Context) (Encryption, error) {
	content, err := c.asServer(ctx, http.MethodGet, "/v1-k3s/encrypt/status", nil)
	if err != nil {
		return Encryption{}, err
	}
	var answer struct {
		Stage, ActiveKey, HashError string
		Enable                      *bool
		HashMatch                   bool
		InactiveKeys                []string
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return Encryption{}, fmt.Errorf("%s/v1-k3s/encrypt/status: %w", c.url, err)
	}
	return Encryption{
		answer.Enable != nil && *answer.Enable, answer.Stage, answer.ActiveKey, answer.InactiveKeys, answer.HashMatch, answer.HashError,
	}, nil
}

// Unfinished tells that a rotation has ended and not all servers have been restarted since, which gives them the key.
func (e Encryption) Unfinished() bool { return e.Enabled && !e.HashMatch && !reencrypting[e.Stage] }

// reencrypting are the stages in which all Secrets are written anew.
var reencrypting = map[string]bool{"reencrypt_request": true, "reencrypt_active": true}

// RotateKeys makes a new key and returns when all Secrets are encrypted by it. A rotation that runs it waits for, and begins no other.
// Thereafter the other servers must be restarted one after the other, to take the key over; until they have, no other rotation begins.
func (c *Cluster) RotateKeys(ctx context.Context, timeout time.Duration) (Encryption, error) {
	end := time.Now().Add(timeout)
	e, err := c.Encryption(ctx)
	if err != nil {
		return e, err
	}
	var old string // key, if this begins the rotation
	switch {
	case !e.Enabled:
		return e, errors.New("rotate the keys: Secrets are not encrypted; secrets-encryption can be set for a new cluster only")
	case e.Unfinished():
		return e, fmt.Errorf("rotate the keys: the servers have different ones (%s); restart the servers first, one after the other", e.HashError)
	case !reencrypting[e.Stage]:
		old = e.Active
		err = c.beginRotation(ctx, end)
	}
	var unheard *Silent
	if err == nil || errors.As(err, &unheard) {
		e, err = c.awaitRotation(ctx, e, max(time.Until(end), look), old, err)
	} else if now, failed := c.Encryption(ctx); failed == nil {
		e = now
	}
	return e, e.halfway(err)
}

// beginRotation has k3s rotate. It answers when kube-apiserver has taken over the new key, for which it looks once a minute, and all Secrets
// are encrypted anew; it goes on if nobody waits for that (k3s pkg/server/handlers/secrets-encrypt.go).
func (c *Cluster) beginRotation(ctx context.Context, end time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	wait.Report(ctx, "k3s encrypts all Secrets anew")
	_, err := c.asServer(ctx, http.MethodPut, "/v1-k3s/encrypt/config", map[string]string{"stage": "rotate_keys"})
	return err
}

// awaitRotation waits for the end of one that replaces the old key. If k3s was not heard to begin it and has not, that is the failure.
func (c *Cluster) awaitRotation(ctx context.Context, e Encryption, timeout time.Duration, old string, unheard error) (Encryption, error) {
	err := until(ctx, "all Secrets to be encrypted anew", timeout, func(ctx context.Context) (bool, string, error) {
		now, err := c.Encryption(ctx)
		if err != nil {
			return false, err.Error(), nil
		}
		if e = now; unheard != nil && !reencrypting[e.Stage] && e.Active == old {
			return false, "", unheard
		}
		return e.Stage == "reencrypt_finished" && e.Active != old, "stage " + e.Stage, nil
	})
	return e, err
}

// halfway adds to a failure what is to be known while k3s is in the middle: until March 2026 it wrote the new key into the datastore only at
// the end, and a restart before lost it (k3s issue 13763).
func (e Encryption) halfway(err error) error {
	if err == nil || !reencrypting[e.Stage] {
		return err
	}
	return fmt.Errorf("%w; do not restart k3s here before its journal tells how far it came, as the new key %s may be on this server alone "+
		"(docs/k3s.md: a rotation of keys that does not end)", err, e.Active)
}
