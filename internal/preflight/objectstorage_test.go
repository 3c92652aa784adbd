package preflight

import (
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/testing/storetest"
)

func TestAnObjectStorageIsProvedByAnObject(t *testing.T) {
	t.Parallel()
	server := storetest.StartS3(t)
	bucket := server.Bucket(t, minio.MakeBucketOptions{})
	well := ObjectStorage{
		URL: server.URL + "/" + bucket.Bucket, Region: bucket.Region, AccessKey: bucket.AccessKey, SecretKey: bucket.SecretKey, CAFile: bucket.CAFile, Prove: true,
	}
	for name, c := range map[string]struct {
		change func(*ObjectStorage)
		want   Check
	}{
		"it is proved":      {func(*ObjectStorage) {}, Check{Found: "took an object, gave it back and removed it", OK: true}},
		"it is only opened": {func(s *ObjectStorage) { s.Prove = false }, Check{Found: "is open to the credentials", OK: true}},
		"a wrong secret": {func(s *ObjectStorage) { s.SecretKey = "wrong" },
			Check{Found: "cannot be opened (SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method)", Remedy: "correct secret_key"}},
		"an unknown key": {func(s *ObjectStorage) { s.AccessKey = "stranger" },
			Check{Found: "cannot be opened (XAdminUserNotFound: No user exists with the provided access key ID)", Remedy: "correct access_key"}},
		"another region": {func(s *ObjectStorage) { s.Region = "mars" },
			Check{Found: `cannot be opened (AuthorizationHeaderMalformed: The authorization header is malformed; the region "mars" is wrong; expecting "us-east-1")`, Remedy: "correct region"}},
		"no such bucket":      {func(s *ObjectStorage) { s.URL = server.URL + "/lost" }, Check{Found: "cannot be opened (NoSuchBucket: The specified bucket does not exist)", Remedy: "create the bucket, or correct url"}},
		"a strange authority": {func(s *ObjectStorage) { s.CAFile = "" }, Check{Found: `does not answer (Get "` + well.URL + `?list-type=2&max-keys=1": tls: failed to verify certificate: x509: certificate signed by unknown authority)`, Remedy: "look at the network between, and at the certificate"}},
		"nobody there":        {func(s *ObjectStorage) { s.URL = "https://127.0.0.1:1/backups" }, Check{Found: `does not answer (Get "https://127.0.0.1:1/backups?list-type=2&max-keys=1": dial tcp 127.0.0.1:1: connect: connection refused)`, Remedy: "look at the network between, and at the certificate"}},
		"no file of the authority": {func(s *ObjectStorage) { s.CAFile = "/nowhere/ca.pem" },
			Check{Found: "cannot be looked at: open /nowhere/ca.pem: no such file or directory", Remedy: "correct ca_file"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := well
			c.change(&s)
			c.want.Name = "object storage " + s.URL
			got := s.look(t.Context())
			assert.Equal(t, c.want, got)
			assert.NotContains(t, got.String(), bucket.SecretKey)
			assert.Empty(t, server.Objects(t, bucket.Bucket), "the proof is taken back")
		})
	}
}
