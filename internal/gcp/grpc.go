package gcp

import "context"

// PerRPC are credentials for grpc.WithPerRPCCredentials, over TLS only.
type PerRPC struct{ credentials *Credentials }

// PerRPC sends a token with each gRPC call.
func (c *Credentials) PerRPC() PerRPC { return PerRPC{c} }

// GetRequestMetadata is called by gRPC before each call.
func (p PerRPC) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := p.credentials.Token(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": token.Type + " " + token.Value}, nil
}

// RequireTransportSecurity keeps tokens off connections without TLS.
func (PerRPC) RequireTransportSecurity() bool { return true }
