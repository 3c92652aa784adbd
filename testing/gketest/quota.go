package gketest

import (
	"fmt"

	"google.golang.org/grpc/codes"
)

// SetQuota limits how many CPUs the clusters of a project may have in a region; zero takes the limit away.
func (s *Server) SetQuota(project string, cpus int) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.quota[project] = cpus
	if cpus == 0 {
		delete(s.state.quota, project)
	}
	return s.save()
}

func (s *Server) checkQuota(c *cluster) error {
	quota, limited := s.state.quota[c.project]
	if !limited {
		return nil
	}
	free := quota
	for _, other := range s.state.clusters {
		if other.project == c.project && regionOf(other.Location) == regionOf(c.Location) {
			free -= needs(other)
		}
	}
	if needs(c) <= free {
		return nil
	}
	return exceeded(c.project, quota, free, needs(c))
}

func needs(c *cluster) int {
	sum := 0
	for _, pool := range c.NodePools {
		sum += int(nodes(pool)) * cpus(pool.Config.MachineType)
	}
	return sum
}

func exceeded(project string, quota, free, wanted int) error {
	return refuse(codes.PermissionDenied, "%s", fmt.Sprintf("Insufficient regional quota to satisfy request: resource \"CPUS\": request requires '%d.0' and is "+
		"short '%d.0'. project has a quota of '%d.0' with '%d.0' available. View and manage quotas at "+
		"https://console.cloud.google.com/iam-admin/quotas?usage=USED&project=%s.", wanted, wanted-free, quota, free, project))
}
