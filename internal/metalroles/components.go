package metalroles

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/builtin"
	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/controlplane"
	"github.com/metal-stack/initial-cluster/internal/releasevector"
)

// timeout is how long a component may take; metal-roles has none for those without a chart.
const timeout = 600 * time.Second

// Components are what the variables describe, in order. Charts that come from a registry are taken with the login and mirrors of the given
// source. What is wrong is in Problems then.
func (s *Settings) Components(vector *releasevector.Vector, from charts.Source) []controlplane.Component {
	names := s.names()
	var all []controlplane.Component
	for _, name := range names {
		c := s.component(name, from)
		c.DependsOn = slices.DeleteFunc(c.DependsOn, func(needed string) bool { return !slices.Contains(names, needed) })
		if strings.HasPrefix(c.Chart.Ref, builtin.Prefix) || name == "metal" {
			c = s.complete(c, name, vector)
		}
		all = append(all, c)
	}
	return all
}

func (s *Settings) complete(c controlplane.Component, name string, vector *releasevector.Vector) controlplane.Component {
	known, err := builtin.Find(name)
	if err != nil {
		s.problem("metal_control_plane_components: %v", err)
		return c
	}
	given := *c.Chart
	completed, err := known.Complete(c, vector)
	if !strings.HasPrefix(given.Ref, builtin.Prefix) { // a chart of one's own, of which the vector tells the images
		completed.Chart = &given
		return completed
	}
	if err != nil {
		s.problem("%s: %v", name, err)
	}
	return completed
}

// Skeleton are the components without what they are deployed with: enough to remove them.
func (s *Settings) Skeleton() []controlplane.Component {
	var all []controlplane.Component
	names := s.names()
	for _, name := range names {
		c := s.frame(name)
		c.DependsOn = slices.DeleteFunc(c.DependsOn, func(needed string) bool { return !slices.Contains(names, needed) })
		all = append(all, c)
	}
	return all
}

// names are those of the components, in the order in which people read of them.
func (s *Settings) names() []string {
	if !s.set("metal_control_plane_components") {
		return slices.DeleteFunc(builtin.Names(), func(name string) bool { return !s.needed(name) })
	}
	var names []string
	for _, name := range s.list("metal_control_plane_components") {
		text, _ := name.(string)
		if _, err := builtin.Find(text); err != nil {
			s.problem("metal_control_plane_components: there is no component %v; it must be one of %s", name, strings.Join(builtin.Names(), ", "))
			continue
		}
		names = append(names, text)
	}
	return names
}

func (s *Settings) needed(name string) bool {
	switch name {
	case "valkey":
		return s.bool("metal_apiserver_enabled")
	case "zitadel", "zitadel-db", "zitadel-init":
		return s.ownLogins()
	case "auditing-timescaledb":
		return s.bool("metal_auditing_timescaledb_enabled") || s.bool("metal_apiserver_auditing_timescaledb_enabled")
	}
	return true
}

func (s *Settings) deploys(name string) bool { return slices.Contains(s.names(), name) }

// ownLogins tells that people log in at the zitadel that is deployed here, because no other provider is named.
func (s *Settings) ownLogins() bool {
	return s.bool("metal_apiserver_enabled") && !s.set("metal_apiserver_oidc_client_id")
}

// dependencies are what must answer before a component can come up.
var dependencies = map[string][]string{
	"zitadel": {"zitadel-db"}, "zitadel-init": {"zitadel"},
	"metal": {"nsq", "metal-db", "ipam-db", "masterdata-db", "valkey", "auditing-timescaledb", "zitadel-init"},
}

// frame is what a component is called, where it is, and what it needs.
func (s *Settings) frame(name string) controlplane.Component {
	c := controlplane.Component{
		Name: name, Release: name, Namespace: s.text("metal_control_plane_namespace"), DependsOn: slices.Clone(dependencies[name]),
		Wait: true, Timeout: timeout, CRDs: controlplane.ApplyCRDs,
	}
	switch i := slices.IndexFunc(databases, func(d database) bool { return d.component == name }); {
	case i >= 0:
		c.Release, c.Namespace = s.text(databases[i].family+"_name"), s.text(databases[i].family+"_namespace")
	case name == "nsq":
		c.Namespace = s.text("nsq_namespace")
	case strings.HasPrefix(name, "zitadel"):
		c.Namespace = s.text("zitadel_namespace")
	case name == "metal":
		c.Release, c.Timeout = "metal-control-plane", s.chartTimeout()
	}
	return c
}

func (s *Settings) chartTimeout() time.Duration {
	text := s.text("metal_helm_chart_timeout")
	d, err := time.ParseDuration(text)
	if err != nil {
		d, err = time.ParseDuration(text + "s")
	}
	if err != nil || d <= 0 {
		s.problem("metal_helm_chart_timeout: %q is no duration; give one as 600s", text)
	}
	return d
}

func (s *Settings) component(name string, from charts.Source) controlplane.Component {
	c := s.frame(name)
	own := charts.Source{Ref: builtin.Prefix + name, Mirrors: from.Mirrors}
	c.Chart = &own
	c.Adopt = name != "metal" && name != "zitadel" // metal-roles deploys the others without Helm
	switch name {
	case "nsq":
		c.Values = s.nsqValues()
	case "zitadel":
		c.Chart, c.Values = s.zitadelChart(from), s.zitadelValues()
	case "zitadel-init":
		c.Values = s.zitadelInitValues()
	case "metal":
		c.Chart, c.Values, c.ValuesFrom = s.metalSource(from), s.metalValues(), s.metalValuesFrom()
	default:
		i := slices.IndexFunc(databases, func(d database) bool { return d.component == name })
		c.Values = s.databaseValues(databases[i])
	}
	return c
}

func (s *Settings) databaseValues(d database) map[string]any {
	if d.engine != "valkey" {
		s.require("choose one, and keep it", d.family+"_password")
	}
	values := map[string]any{}
	if d.engine != "valkey" {
		values = s.values(ofEngine(d.engine))
	}
	values = merge(values, map[string]any{"backup": maps.Clone(s.dict("metal_control_plane_backup"))}, s.values(d.variables()))
	if secret := s.pullSecret(d.family); secret != nil {
		values["pull_secret"] = secret
	}
	s.backupProblems(d, values)
	return values
}

// encryptionKeyLength is what the backup-restore-sidecar wants (AES-256).
const encryptionKeyLength = 32

func (s *Settings) backupProblems(d database, values map[string]any) {
	backup := values["backup"].(map[string]any)
	where := func(own string) string {
		return d.family + "_backup_restore_sidecar_" + own + " (or metal_control_plane_backup)"
	}
	provider, _ := backup["provider"].(string)
	if !slices.Contains([]string{"", "local", "gcp", "s3"}, provider) {
		s.problem("%s: %q is none of local, gcp and s3; correct it", where("provider"), provider)
	}
	if key, _ := backup["encryption_key"].(string); len(key) != 0 && len(key) != encryptionKeyLength {
		s.problem("%s: it has %d characters, not %d; correct it", where("encryption_key"), len(key), encryptionKeyLength)
	}
	wanted := map[string][]string{"s3": {"bucket_name", "endpoint", "access_key", "secret_key"}, "gcp": {"bucket_name", "backup_location", "project_id", "serviceaccount_json"}}
	bucket, _ := backup[provider].(map[string]any)
	for _, part := range wanted[provider] {
		if bucket[part] == nil || bucket[part] == "" {
			s.problem("%s is missing; backups cannot go to %s without", where(provider+"_"+part), provider)
		}
	}
}

func merge(layers ...map[string]any) map[string]any { return controlplane.Merge(layers...) }
