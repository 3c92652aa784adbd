package main

import (
	"encoding/json"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/storetest"
)

func TestTheObjectStorageIsProved(t *testing.T) {
	w, storage := newWorld(t).fresh("validated"), storetest.StartS3(t)
	bucket := storage.Bucket(t, minio.MakeBucketOptions{})
	url := storage.URL + "/" + bucket.Bucket
	look := func(check bool, secret string) map[string]any {
		arguments, err := json.Marshal(map[string]any{
			"kubeconfig": w.kubernetes.Kubeconfig(), "state": "validated", "_ansible_check_mode": check,
			"preflight": map[string]any{"object_storage": map[string]any{
				"url": url, "access_key": bucket.AccessKey, "secret_key": secret, "ca_file": bucket.CAFile,
			}},
		})
		require.NoError(t, err)
		return w.run(t, string(arguments))
	}
	found := func(result map[string]any) any {
		checks := result["checks"].([]any)
		return checks[len(checks)-1].(map[string]any)["found"]
	}
	assert.Equal(t, "is open to the credentials", found(look(true, bucket.SecretKey)))
	assert.Equal(t, "took an object, gave it back and removed it", found(look(false, bucket.SecretKey)))
	assert.Empty(t, storage.Objects(t, bucket.Bucket))
	refused := look(false, "another-secret-1")
	assert.Equal(t, true, refused["failed"])
	assert.Equal(t, "the cluster lacks what the control plane needs: object storage "+url+": cannot be opened (SignatureDoesNotMatch: The request signature we calculated "+
		"does not match the signature you provided. Check your key and signing method); correct secret_key", refused["msg"])
}
