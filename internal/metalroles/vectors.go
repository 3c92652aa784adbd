package metalroles

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/releasevector"
)

func sumOf(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// releases are where metal-stack publishes its release vectors.
const releases = "oci://ghcr.io/metal-stack/releases:"

// Vectors are where the release vectors are that the variables name. They are taken with the authority and mirrors of the given source, and
// with its login if they have none of their own.
func (s *Settings) Vectors(from charts.Source) []releasevector.Source {
	vectors := s.list("metal_stack_release_vectors")
	if version := s.text("metal_stack_release_version"); len(vectors) == 0 && version != "" {
		vectors = []any{map[string]any{"url": releases + version}}
	}
	var all []releasevector.Source
	for i, one := range vectors {
		fields, ok := one.(map[string]any)
		if !ok {
			s.problem("metal_stack_release_vectors[%d]: a mapping is wanted; correct the variable", i)
			continue
		}
		all = append(all, s.vector(fields, fmt.Sprintf("metal_stack_release_vectors[%d]", i), "url", from))
	}
	return all
}

// vector reads one entry. What metal-roles' own tasks need of it (mappings, roles) is of no concern here.
func (s *Settings) vector(fields map[string]any, where, key string, from charts.Source) releasevector.Source {
	text := func(name string) string {
		if fields[name] == nil {
			return ""
		}
		return fmt.Sprint(fields[name])
	}
	source := releasevector.Source{
		Ref: text(key), Username: text("oci_registry_username"), Password: text("oci_registry_password"), Key: text("oci_cosign_verify_key"),
		CAFile: from.CAFile, PlainHTTP: from.PlainHTTP || text("oci_registry_scheme") == "http", Mirrors: from.Mirrors,
	}
	if source.Username == "" {
		source.Username, source.Password = from.Username, from.Password
	}
	if source.Ref == "" {
		s.problem("%s: %s is missing", where, key)
	}
	for _, unsupported := range []string{"oci_cosign_verify_certificate_identity", "oci_cosign_verify_certificate_oidc_issuer"} {
		if text(unsupported) != "" {
			s.problem("%s: %s: signatures are verified by a key only; give oci_cosign_verify_key", where, unsupported)
		}
	}
	replacements, ok := fields["replace"].([]any)
	if !ok {
		replacements = s.list("metal_stack_release_vector_replacements")
	}
	source.Replace = s.replacements(where, replacements)
	nested, _ := fields["nested"].([]any)
	for i, one := range nested {
		below, _ := one.(map[string]any)
		source.Nested = append(source.Nested, s.vector(below, fmt.Sprintf("%s.nested[%d]", where, i), "url_path", from))
	}
	return source
}

func (s *Settings) replacements(where string, list []any) []releasevector.Replacement {
	var all []releasevector.Replacement
	for _, one := range list {
		fields, _ := one.(map[string]any)
		r := releasevector.Replacement{Key: fmt.Sprint(fields["key"]), Old: fmt.Sprint(fields["old"]), New: fmt.Sprint(fields["new"])}
		if fields["key"] == nil || fields["old"] == nil || fields["new"] == nil {
			s.problem("%s: replace wants key, old and new; correct it", where)
			continue
		}
		all = append(all, r)
	}
	return all
}
