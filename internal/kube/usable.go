package kube

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Usable tells whether a context with a certificate of its own may stay as it is.
type Usable struct {
	Why   string    // it may not; empty if it may
	Until time.Time // its certificate ends
	Doubt error     // the cluster could not be asked: the context may stay, and nobody knows whether it is any good
}

// Usable looks whether the context is there, at least half of its certificate's life is left, and the cluster takes it.
func (c *Config) Usable(ctx context.Context, name string) Usable {
	if len(entries(c.root, "contexts", name)) == 0 {
		return Usable{Why: "there is none yet"}
	}
	k, err := c.context(name)
	if err != nil {
		return Usable{Why: "the one there is not whole"}
	}
	certificate := k.Certificate()
	if certificate == nil {
		return Usable{Why: "the one there has no certificate"}
	}
	u := Usable{Until: certificate.NotAfter}
	if half := certificate.NotAfter.Sub(certificate.NotBefore) / 2; time.Until(certificate.NotAfter) < half {
		u.Why = "of the life of the one there less than half is left"
		return u
	}
	var contact *ContactError
	switch _, err := k.Contact(ctx); {
	case errors.As(err, &contact) && contact.Wrong:
		u.Why = "the cluster does not take the one there"
	case err != nil:
		u.Doubt = fmt.Errorf("the credential in %s is not proved: %w", c.path, err)
	}
	return u
}
