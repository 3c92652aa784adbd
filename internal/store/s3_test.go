package store_test

import (
	"testing"

	"github.com/metal-stack/initial-cluster/testing/storetest"
)

func TestS3KeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Contract(t, storetest.StartS3(t).Place())
}
