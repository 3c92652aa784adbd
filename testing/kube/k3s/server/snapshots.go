package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/datastore"
)

// SnapshotRequest is what k3s etcd-snapshot posts to /db/snapshot.
type SnapshotRequest struct {
	Operation string   `json:"operation"` // save, list, delete or prune
	Name      []string `json:"name,omitempty"`
	Dir       *string  `json:"dir,omitempty"`
	Compress  *bool    `json:"compress,omitempty"`
	Retention *int     `json:"retention,omitempty"`
}

// SnapshotFile is an ETCDSnapshotFile.
type SnapshotFile struct {
	Kind       string            `json:"kind,omitempty"`
	APIVersion string            `json:"apiVersion,omitempty"`
	Metadata   map[string]string `json:"metadata"`
	Spec       SnapshotSpec      `json:"spec"`
	Status     SnapshotStatus    `json:"status"`
}

// SnapshotSpec says where it is.
type SnapshotSpec struct {
	SnapshotName string `json:"snapshotName"`
	NodeName     string `json:"nodeName"`
	Location     string `json:"location"`
}

// SnapshotStatus says how it is.
type SnapshotStatus struct {
	Size         int64     `json:"size,string"`
	CreationTime time.Time `json:"creationTime"`
	ReadyToUse   bool      `json:"readyToUse"`
}

// SnapshotList is an ETCDSnapshotFileList.
type SnapshotList struct {
	Kind       string         `json:"kind"`
	APIVersion string         `json:"apiVersion"`
	Metadata   struct{}       `json:"metadata"`
	Items      []SnapshotFile `json:"items"`
}

// SnapshotResult is what changed.
type SnapshotResult struct {
	Created []string `json:"created,omitempty"`
	Deleted []string `json:"deleted,omitempty"`
}

func (s *Server) snapshot(w http.ResponseWriter, r *http.Request) {
	var request SnapshotRequest
	if r.Method != http.MethodPost {
		refuse(w, http.StatusMethodNotAllowed, "method not allowed")
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if s.store.Alone {
		hide(w, "etcd-snapshot", errors.New("etcd datastore disabled"))
		return
	}
	answered, err := s.snapshotAs(r.Context(), request)
	if err != nil {
		hide(w, "etcd-snapshot", err)
		return
	}
	answerJSON(w, answered)
}

func (s *Server) snapshotAs(ctx context.Context, request SnapshotRequest) (any, error) {
	files := s.snapshotsFor(request)
	prefix := "on-demand"
	if len(request.Name) > 0 && request.Operation != "delete" {
		prefix = request.Name[0]
	}
	switch request.Operation {
	case "save":
		one, err := files.Save(ctx, s.store, prefix)
		return SnapshotResult{Created: []string{one.Name}}, err
	case "delete":
		names, err := files.Delete(request.Name)
		return SnapshotResult{Deleted: names}, err
	case "prune":
		names, err := files.Prune(prefix, files.Retention)
		return SnapshotResult{Deleted: names}, err
	case "list":
		all, err := files.List()
		return list(all), err
	}
	return nil, errors.New("invalid snapshot operation " + request.Operation)
}

// snapshotsFor are the server's, unless the request names other settings.
func (s *Server) snapshotsFor(request SnapshotRequest) *datastore.Snapshots {
	if request.Dir == nil && request.Compress == nil && request.Retention == nil {
		return s.snapshots
	}
	files := &datastore.Snapshots{
		Dir: s.snapshots.Dir, Default: s.snapshots.Default, NodeName: s.snapshots.NodeName, Compress: s.snapshots.Compress, Retention: s.snapshots.Retention,
	}
	if request.Dir != nil {
		files.Dir, files.Default = *request.Dir, false
	}
	if request.Compress != nil {
		files.Compress = *request.Compress
	}
	if request.Retention != nil {
		files.Retention = *request.Retention
	}
	return files
}

func list(all []datastore.Snapshot) SnapshotList {
	found := SnapshotList{Kind: "ETCDSnapshotFileList", APIVersion: "k3s.cattle.io/v1", Items: []SnapshotFile{}}
	for _, one := range all {
		found.Items = append(found.Items, SnapshotFile{
			Metadata: map[string]string{"name": "local-" + one.Name}, Spec: SnapshotSpec{one.Name, one.NodeName, one.Location},
			Status: SnapshotStatus{one.Size, one.Created.UTC(), true},
		})
	}
	return found
}

// scheduleSnapshots takes snapshots at the times of --etcd-snapshot-schedule-cron and keeps as many as --etcd-snapshot-retention says.
func (s *Server) scheduleSnapshots(ctx context.Context) error {
	if s.Settings.EtcdDisableSnapshots || s.store.Alone {
		return nil
	}
	if _, err := os.Stat(s.snapshots.Dir); err != nil && !s.snapshots.Default {
		return err
	}
	clock := cron.New()
	_, err := clock.AddFunc(s.Settings.EtcdSnapshotScheduleCron, func() {
		if _, err := s.snapshots.Save(ctx, s.store, s.Settings.EtcdSnapshotName); err != nil {
			logrus.Errorf("Failed to take scheduled snapshot: %v", err)
			return
		}
		if _, err := s.snapshots.Prune(s.Settings.EtcdSnapshotName, s.snapshots.Retention); err != nil {
			logrus.Errorf("Failed to apply snapshot retention: %v", err)
		}
	})
	clock.Start()
	return err
}
