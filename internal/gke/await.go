package gke

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// How often is looked. The end of an operation is noticed within the longer interval; Google allows 3000 reads a minute.
// https://cloud.google.com/kubernetes-engine/quotas#limits_per_project
const (
	firstLook = 100 * time.Millisecond
	nextLook  = time.Second
	// Each so many looks at an operation the nodes are counted, which takes a request more.
	countNodesEach = 3
	// So often in a row an operation may be unknown: where it is listed and where it is told are different copies.
	unknownTries = 3
)

// watch is one wait for an operation.
type watch struct {
	session *Session
	place   Place
	seen    *containerpb.Operation
	nodes   string
	looks   int
	unknown int
}

// await waits until an operation is done, whether it succeeds or fails, and tells its progress. Google's silence is waited out.
func (s *Session) await(ctx context.Context, place Place, o *containerpb.Operation) (*containerpb.Operation, error) {
	w := &watch{session: s, place: place, seen: o}
	err := wait.Until(ctx, wait.Options{For: operationText(o), Begin: firstLook, Interval: nextLook}, w.look)
	return w.seen, goesOn(err)
}

// goesOn adds to a wait that was given up what becomes of the operation.
func goesOn(err error) error {
	var gaveUp *wait.GaveUp
	if errors.As(err, &gaveUp) && errors.Is(gaveUp.Cause, context.DeadlineExceeded) {
		return fmt.Errorf("%w; it goes on at Google, run this again to wait further", err)
	}
	return err
}

func (w *watch) look(ctx context.Context) (done bool, state string, err error) {
	now, err := w.session.api.GetOperation(ctx, &containerpb.GetOperationRequest{Name: w.place.parent() + "/operations/" + w.seen.Name})
	if err != nil {
		return false, "GKE gives no answer", w.tolerate(err)
	}
	w.seen, w.unknown = now, 0
	if now.Status == containerpb.Operation_DONE {
		return true, "", nil
	}
	w.countNodes(ctx)
	w.looks++
	return false, w.progress(), nil
}

// tolerate gives nil for what may pass while one waits.
func (w *watch) tolerate(err error) error {
	var r *Refusal
	if !errors.As(err, &r) {
		return err
	}
	if r.Code == codes.NotFound {
		w.unknown++
		if w.unknown <= unknownTries {
			return nil
		}
	}
	if r.unclear() || r.retry() == later {
		return nil
	}
	return err
}

// countNodes asks how many nodes a cluster has that is being made; what operations on nodes have done, they tell themselves.
func (w *watch) countNodes(ctx context.Context) {
	if w.seen.OperationType != containerpb.Operation_CREATE_CLUSTER || w.looks%countNodesEach != 0 {
		return
	}
	c, err := w.session.api.GetCluster(ctx, &containerpb.GetClusterRequest{Name: w.place.resource()})
	if err != nil {
		return // it is only for show
	}
	wanted, names := 0, []string{}
	for _, pool := range c.NodePools {
		wanted += int(pool.InitialNodeCount) * max(1, len(pool.Locations))
		names = append(names, pool.Name)
	}
	if wanted > 0 {
		w.nodes = nodesText(strings.Join(names, ", "), int64(c.CurrentNodeCount), int64(wanted))
	}
}

func nodesText(pools string, have, of int64) string {
	return fmt.Sprintf("node pool %s %d/%d nodes", pools, have, of)
}

// progress is what people read while they wait.
func (w *watch) progress() string {
	detail := w.seen.Detail
	if detail != "" {
		detail = strings.ToLower(detail[:1]) + oneLine(detail[1:])
	}
	switch total := w.metric("NODES_TOTAL"); {
	case total > 0:
		_, pool, _ := strings.Cut(w.seen.TargetLink, "/nodePools/")
		return nodesText(or(pool, "of the cluster"), w.metric("NODES_COMPLETE"), total)
	case w.nodes != "" && detail != "":
		return detail + ", " + w.nodes
	case w.nodes != "":
		return w.nodes
	case detail != "":
		return detail
	}
	return fmt.Sprintf("%s is %s", w.seen.OperationType, strings.ToLower(w.seen.Status.String()))
}

func (w *watch) metric(name string) int64 {
	for _, m := range w.seen.GetProgress().GetMetrics() {
		if m.Name == name {
			return m.GetIntValue()
		}
	}
	return 0
}

// awaitRest waits until nothing is being done to the cluster, where the operation is not known.
func (s *Session) awaitRest(ctx context.Context, want Want) error {
	err := wait.Until(ctx, wait.Options{For: "the cluster to come to rest", Begin: firstLook, Interval: nextLook}, func(ctx context.Context) (bool, string, error) {
		state, err := s.Observe(ctx, want)
		if err != nil {
			return false, "", err
		}
		return state.under != nil || !state.busy(), "cluster " + state.Cluster.GetStatus().String(), nil
	})
	return goesOn(err)
}
