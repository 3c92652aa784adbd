package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/s3test"
)

func TestTheObjectStorageIsProved(t *testing.T) {
	w, storage := newWorld(t).fresh("validated"), s3test.Run(t, "backups")
	look := func(check bool, secret string) map[string]any {
		arguments, err := json.Marshal(map[string]any{
			"kubeconfig": w.kubernetes.Kubeconfig(), "state": "validated", "_ansible_check_mode": check,
			"preflight": map[string]any{"object_storage": map[string]any{
				"url": storage.URL() + "/backups", "access_key": s3test.AccessKey, "secret_key": secret, "ca_file": storage.CAFile(),
			}},
		})
		require.NoError(t, err)
		return w.run(t, string(arguments))
	}
	found := func(result map[string]any) any {
		checks := result["checks"].([]any)
		return checks[len(checks)-1].(map[string]any)["found"]
	}
	assert.Equal(t, "is open to the credentials", found(look(true, s3test.SecretKey)))
	assert.Equal(t, "took an object, gave it back and removed it", found(look(false, s3test.SecretKey)))
	assert.Empty(t, storage.Objects(t, "backups"))
	refused := look(false, "another-secret-1")
	assert.Equal(t, true, refused["failed"])
	assert.Equal(t, "the cluster lacks what the control plane needs: object storage "+storage.URL()+"/backups: cannot be opened (SignatureDoesNotMatch: The request signature we calculated "+
		"does not match the signature you provided. Check your key and signing method); correct secret_key", refused["msg"])
}
