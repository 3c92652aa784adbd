package releasevector

import "strings"

// Replacement changes the texts under a key, wherever in the vector the key stands: the registry in all name, say.
type Replacement struct{ Key, Old, New string }

// replace changes the content itself.
func (r Replacement) replace(content map[string]any) {
	for key, value := range content {
		switch value := value.(type) {
		case string:
			if key == r.Key {
				content[key] = strings.ReplaceAll(value, r.Old, r.New)
			}
		case map[string]any:
			r.replace(value)
		}
	}
}
