package source

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Value is what the first endpoint that answers has of a key; nothing if it has none. It needs no quorum, and so may be old.
func (e Etcd) Value(ctx context.Context, key string) ([]byte, error) {
	var failures []error
	for _, endpoint := range e.Endpoints {
		value, err := e.value(ctx, endpoint, key)
		if err == nil {
			return value, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func (e Etcd) value(ctx context.Context, endpoint, key string) ([]byte, error) {
	client, err := e.connect(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	answer, err := within(ctx, e.Limits.Answer, func(ctx context.Context) (*clientv3.GetResponse, error) {
		return client.Get(ctx, key, clientv3.WithSerializable())
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: read %s: %w", endpoint, key, e.explain(err))
	case len(answer.Kvs) == 0:
		return nil, nil
	}
	return answer.Kvs[0].Value, nil
}
