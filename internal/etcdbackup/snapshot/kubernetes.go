package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// kubernetesMagic is what Kubernetes writes before an object in protobuf: k8s.io/apimachinery/pkg/runtime/serializer/protobuf.
var kubernetesMagic = []byte("k8s\x00")

// The fields on the way from Unknown to the UID: Unknown.raw, Namespace.metadata, ObjectMeta.uid (generated.proto of k8s.io/apimachinery
// and k8s.io/api/core/v1).
const (
	rawField      = 2
	metadataField = 1
	uidField      = 5
)

// NamespaceUID reads the UID of a stored namespace, in protobuf or JSON.
func NamespaceUID(value []byte) (string, error) {
	if message, ok := bytes.CutPrefix(value, kubernetesMagic); ok {
		return string(field(field(field(message, rawField), metadataField), uidField)), nil
	}
	var object struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(value, &object); err != nil {
		return "", errors.New("its namespace kube-system is neither protobuf nor JSON")
	}
	return object.Metadata.UID, nil
}

// field is the content of a message's field of bytes, or nothing.
func field(message []byte, wanted protowire.Number) []byte {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil
		}
		message = message[n:]
		if number == wanted && kind == protowire.BytesType {
			content, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return nil
			}
			return content
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return nil
		}
		message = message[n:]
	}
	return nil
}
