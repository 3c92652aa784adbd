package preflight

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"
)

// answerTimeout is for one question to the network.
const answerTimeout = 10 * time.Second

func resolve(ctx context.Context, host string) Check {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	name := "name " + host
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return ill(name, "add it to the DNS; a resolver that guards against rebinding hides private addresses", "does not resolve (%v)", err)
	}
	return well(name, "resolves to %s", strings.Join(addresses, ", "))
}

func dial(ctx context.Context, endpoint string) Check {
	name := "endpoint " + endpoint
	connection, err := (&net.Dialer{Timeout: answerTimeout}).DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return ill(name, "look at the firewall and the load balancer between", "does not accept a connection (%v)", err)
	}
	defer connection.Close()
	return well(name, "accepts connections")
}

// get takes every answer of a server that works for good: whether it lets somebody in is another question.
func get(ctx context.Context, url string) Check {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	name := "URL " + url
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ill(name, "correct it", "is none (%v)", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return ill(name, "look at the network between, and at the certificate", "does not answer (%v)", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusInternalServerError {
		return ill(name, "look at that server", "answers %s", answer.Status)
	}
	return well(name, "answers")
}
