package gcp

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// refreshEarly is how long before its end a token is replaced: under the four minutes for which the metadata server keeps
// handing out the old one.
const refreshEarly = 225 * time.Second

// Token is an access token. Value is a secret.
type Token struct {
	Value   string
	Type    string // "Bearer"
	Expires time.Time
}

// Token is a token that is good for some minutes at least; it is minted if there is no such token yet. What Google calls
// temporary is tried again, four times in all. An error is one line that says what to do.
func (c *Credentials) Token(ctx context.Context) (Token, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.cached.Value != "" && (c.cached.Expires.IsZero() || time.Until(c.cached.Expires) > refreshEarly) {
		return c.cached, nil
	}
	minted, err := c.attempt(ctx)
	if err != nil {
		return Token{}, err
	}
	c.cached = Token{Value: minted.AccessToken, Type: minted.Type(), Expires: minted.Expiry}
	return c.cached, nil
}

// Forget drops the cached token, for a caller who was told that it is not accepted.
func (c *Credentials) Forget() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.cached = Token{}
}

const (
	attempts   = 4
	firstPause = 100 * time.Millisecond
)

func (c *Credentials) attempt(ctx context.Context) (*oauth2.Token, error) {
	pause := firstPause
	for try := 1; ; try++ {
		c.exchanges.reset()
		token, err := c.mintAs(ctx)
		if err == nil {
			return token, nil
		}
		last := c.exchanges.last()
		if try == attempts || !last.temporary() || ctx.Err() != nil {
			return nil, c.explain(ctx, err, last, try)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
			pause *= 2
		}
	}
}

func (c *Credentials) mintAs(ctx context.Context) (*oauth2.Token, error) {
	// Google's library asks the token endpoint of a key without the context, and so would wait for ever.
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: bound{ctx, c.client.Transport}})
	if c.source.Impersonate == "" {
		return c.mint(ctx, c.source.Scopes)
	}
	// The caller's scopes are for the account acted as; its way there needs the whole platform.
	own, err := c.mint(ctx, []string{ScopeCloudPlatform})
	if err != nil {
		return nil, err
	}
	return c.impersonate(ctx, own)
}
