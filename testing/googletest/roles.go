package googletest

import (
	"path"
	"slices"
)

// permissions of the roles that matter here; a pattern ends in a star.
// https://cloud.google.com/iam/docs/roles-permissions
var permissions = map[string][]string{
	"roles/owner":                             {"*"},
	"roles/editor":                            {"container.*", "compute.*", "resourcemanager.projects.get", "serviceusage.services.use", "iam.serviceAccounts.actAs"},
	"roles/viewer":                            {"container.*.get", "container.*.list", "resourcemanager.projects.get"},
	"roles/container.admin":                   {"container.*", "resourcemanager.projects.get", "resourcemanager.projects.list"},
	"roles/container.clusterAdmin":            {"container.clusters.*", "container.operations.*", "resourcemanager.projects.get", "resourcemanager.projects.list"},
	"roles/container.developer":               {"container.clusters.get", "container.clusters.list", "container.pods.*", "resourcemanager.projects.get"},
	"roles/container.clusterViewer":           {"container.clusters.get", "container.clusters.list", "resourcemanager.projects.get"},
	"roles/iam.serviceAccountUser":            {"iam.serviceAccounts.actAs", "iam.serviceAccounts.get", "iam.serviceAccounts.list", "resourcemanager.projects.get"},
	"roles/iam.serviceAccountTokenCreator":    {"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.implicitDelegation", "iam.serviceAccounts.signBlob", "iam.serviceAccounts.signJwt"},
	"roles/iam.workloadIdentityUser":          {"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"},
	"roles/serviceusage.serviceUsageConsumer": {"serviceusage.services.use"},
}

type grant struct {
	Resource string // projects/ID or serviceAccounts/ADDRESS
	Member   string // an account's address, or principal://...
	Role     string
}

// Grant gives a member (an account's address or a federated identity's principal:// name) a role on a resource (projects/ID or
// serviceAccounts/ADDRESS).
func (s *Server) Grant(resource, member, role string) error {
	return s.change(func() error {
		s.grant(resource, member, role)
		return nil
	})
}

func (s *Server) grant(resource, member, role string) {
	wanted := grant{Resource: resource, Member: member, Role: role}
	if !slices.Contains(s.state.Grants, wanted) {
		s.state.Grants = append(s.state.Grants, wanted)
	}
}

// Withdraw takes a role away again.
func (s *Server) Withdraw(resource, member, role string) error {
	return s.change(func() error {
		s.state.Grants = slices.DeleteFunc(s.state.Grants, func(g grant) bool { return g == grant{resource, member, role} })
		return nil
	})
}

// Allowed tells whether an account may do something in a project, by the roles it has there.
func (s *Server) Allowed(email, projectID, permission string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.allowed("projects/"+projectID, email, permission)
}

// AllowedOn is like Allowed, on an account (iam.serviceAccounts.actAs); roles on its project count.
func (s *Server) AllowedOn(email, target, permission string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.allowedOn(email, target, permission)
}

func (s *Server) allowedOn(member, target, permission string) bool {
	if s.allowed("serviceAccounts/"+target, member, permission) {
		return true
	}
	known := s.state.Accounts[target]
	return known != nil && s.allowed("projects/"+known.Project, member, permission)
}

func (s *Server) allowed(resource, member, permission string) bool {
	for _, g := range s.state.Grants {
		if g.Resource == resource && g.Member == member && slices.ContainsFunc(permissions[g.Role], func(pattern string) bool {
			matched, err := path.Match(pattern, permission)
			return err == nil && matched
		}) {
			return true
		}
	}
	return false
}
