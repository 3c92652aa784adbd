package cluster

import (
	"context"
	"errors"
	"net/http"
)

// Serves tells whether a server of the token's cluster answers there, with a quorum or without. One that shows the CA of another cluster, or
// does not take the token, is of another.
func Serves(ctx context.Context, a Access) bool {
	c, err := Open(ctx, a)
	if err == nil {
		_, err = c.Members(ctx)
		return code(err) != http.StatusUnauthorized
	}
	var refused *Refused
	return errors.As(err, &refused) // something like k3s, of which nothing can be told
}
