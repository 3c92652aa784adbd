package metalroles

import (
	"fmt"
	"regexp"
)

// secretName is what the names of secrets end with, in mappings that somebody has written and of variables that nobody knows.
var secretName = regexp.MustCompile(`(^|_)(password|pwd|secret|token|auth|hmac|serviceaccount_json|hec|(view|edit|admin|access|secret|encryption|private|client|server|cert|api|master|s3)_key)$`)

// Secrets are the texts among the values of variables that may be in no output.
func Secrets(variables map[string]any) []string {
	var all []string
	for name, value := range variables {
		v, known := byName()[name]
		if nested := below(value, nil); nested != nil {
			all = append(all, nested...)
		} else if v.Secret && v.Type != Dict && v.Type != List || !known && secretName.MatchString(name) {
			all = append(all, text(value))
		}
	}
	return all
}

// below are the secrets in mappings and lists, by their keys.
func below(value any, all []string) []string {
	switch value := value.(type) {
	case map[string]any:
		for key, entry := range value {
			if secretName.MatchString(key) && text(entry) != "" {
				all = append(all, text(entry))
			}
			all = below(entry, all)
		}
	case []any:
		for _, entry := range value {
			all = below(entry, all)
		}
	}
	return all
}

// text of a value that is neither mapping nor list.
func text(value any) string {
	switch value.(type) {
	case nil, bool, map[string]any, []any:
		return ""
	}
	return fmt.Sprint(value)
}
