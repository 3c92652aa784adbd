package metalroles

import (
	"slices"
	"strings"
	"sync"
)

// Table are all variables, in the order in which people read of them. It is not to be changed.
func Table() []Variable { return table() }

var table = sync.OnceValue(func() []Variable {
	return slices.Concat(own, general, nsq, databaseVariables(), zitadel, metal())
})

// foreign are variables of the same families that other roles of metal-roles use, and this one has no use for.
var foreign = []string{"metal_api_version", "metal_control_plane_host_provider", "metal_stack_release", "metal_stack_release_vector_install_roles", "metal_control_plane_result"}

// gone are variables that metal-roles had, or still tells of, and that mean nothing any more.
var gone = map[string]string{
	"valkey_replicas":                      "valkey has one replica; take it out",
	"valkey_size":                          "it is valkey_storage_size now; rename it",
	"valkey_password":                      "valkey has no password; take it out",
	"valkey_helm_chart":                    "valkey is deployed without a chart of its own; take it out",
	"valkey_helm_chart_tag":                "valkey is deployed without a chart of its own; take it out",
	"metal_api_ingress_dns":                "it is metal_ingress_dns; rename it",
	"metal_apiserver_ingress_dns":          "it is metal_ingress_v2_dns; rename it",
	"metal_apiserver_oidc_unique_user_key": "it is metal_apiserver_unique_user_key; rename it",
	"metal_apiserver_oidc_tls_skip_verify": "it is metal_apiserver_tls_skip_verify; rename it",
}

// unknown says what to do about a variable that nobody knows.
func unknown(name string) string {
	if hint, ok := gone[name]; ok {
		return "is no variable any more; " + hint
	}
	nearest, best := "", max(3, len(name)/6)
	for _, v := range Table() {
		if d := distance(name, v.Name); d < best {
			nearest, best = v.Name, d
		}
	}
	if nearest == "" {
		return "is no variable of the role, and would change nothing; take it out, or look its name up in the role's README"
	}
	return "is no variable of the role, and would change nothing; " + nearest + " is meant, perhaps"
}

// distance is how many characters must be put in, taken out or changed to make one name the other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// prefixed gives the variables of a family: their names are the family's and their own.
func prefixed(family string, variables []Variable) []Variable {
	var all []Variable
	for _, v := range variables {
		v.Name = family + "_" + v.Name
		v.Description = strings.ReplaceAll(v.Description, "$NAME", family)
		v.Without = strings.ReplaceAll(v.Without, "$NAME", family)
		if text, ok := v.Default.(string); ok {
			v.Default = strings.ReplaceAll(text, "$NAME", family)
		}
		all = append(all, v)
	}
	return all
}

var byName = sync.OnceValue(func() map[string]Variable {
	found := map[string]Variable{}
	for _, v := range Table() {
		found[v.Name] = v
	}
	return found
})
