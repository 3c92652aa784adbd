package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Snapshot is one of etcd's.
type Snapshot struct {
	Name     string    `json:"name"`
	Location string    `json:"location"` // a path with file:// before it, or s3://
	Node     string    `json:"node"`
	Bytes    int64     `json:"bytes"`
	Created  time.Time `json:"created"`
}

// snapshotTimeout is longer than the two minutes for which k3s waits itself.
const snapshotTimeout = 5 * time.Minute

// Snapshot takes one, whose name begins with the prefix, and proves that it is in k3s' list, complete and not empty: k3s' exit code alone
// says little. It runs on a server, whose token k3s reads itself.
func (c *Cluster) Snapshot(ctx context.Context, prefix string) (Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	before, err := c.Snapshots(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	if _, err := c.access.Host.Run(ctx, host.Words(c.access.K3s, "etcd-snapshot", "save", "--name", prefix)); err != nil {
		return Snapshot{}, fmt.Errorf("%w; the journal of k3s has the cause", err)
	}
	after, err := c.Snapshots(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	for _, one := range slices.Backward(after) {
		if strings.HasPrefix(one.Name, prefix+"-") && one.Bytes > 0 && !slices.ContainsFunc(before, func(s Snapshot) bool { return s.Name == one.Name }) {
			return one, nil
		}
	}
	return Snapshot{}, fmt.Errorf("k3s etcd-snapshot save --name %s: it ended well, but its list has no new snapshot of that name; see the journal of k3s", prefix)
}

// Snapshots are those that k3s lists on the host, the newest last.
func (c *Cluster) Snapshots(ctx context.Context) ([]Snapshot, error) {
	out, err := c.access.Host.Run(ctx, host.Words(c.access.K3s, "etcd-snapshot", "ls", "--output=json"))
	if err != nil {
		return nil, err
	}
	found, err := parseSnapshots([]byte(out.Stdout))
	if err != nil {
		return nil, fmt.Errorf("k3s etcd-snapshot ls: %w", err)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Created.Before(found[j].Created) })
	return found, nil
}

// parseSnapshots reads the ETCDSnapshotFileList of releases since about 1.30. What failed is left out.
func parseSnapshots(content []byte) ([]Snapshot, error) {
	var files struct {
		Items []struct {
			Spec struct {
				SnapshotName, NodeName, Location string
			}
			Status struct {
				Size         json.RawMessage // a number, or a quantity in quotes
				CreationTime time.Time
				ReadyToUse   *bool
			}
		}
	}
	if err := json.Unmarshal(content, &files); err != nil {
		return nil, fmt.Errorf("no list of snapshots: %w", err)
	}
	var found []Snapshot
	for _, one := range files.Items {
		if one.Status.ReadyToUse != nil && !*one.Status.ReadyToUse {
			continue
		}
		bytes, err := quantity(strings.Trim(string(one.Status.Size), `"`))
		if err != nil {
			return nil, fmt.Errorf("snapshot %s: %w", one.Spec.SnapshotName, err)
		}
		found = append(found, Snapshot{one.Spec.SnapshotName, one.Spec.Location, one.Spec.NodeName, bytes, one.Status.CreationTime})
	}
	return found, nil
}

// quantity reads a size as Kubernetes writes it: 4194304, 4096Ki, 4Mi or 5M.
func quantity(text string) (int64, error) {
	var number int64
	var unit string
	if _, err := fmt.Sscanf(text+" ", "%d%s", &number, &unit); err != nil && number == 0 && text != "0" {
		return 0, fmt.Errorf("%q is no size", text)
	}
	factor, known := map[string]int64{"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}[unit]
	if !known {
		return 0, fmt.Errorf("%q is no size", text)
	}
	return number * factor, nil
}
