package gke

import (
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/code"
)

// Failed tells that an operation was accepted and ended in an error.
type Failed struct {
	Operation *containerpb.Operation
	project   string
}

func (f *Failed) Error() string {
	why := failure(f.Operation)
	next := "run it again, and if it stays so show Google's support the operation"
	switch quota := quotaText(why, f.project); {
	case quota != "":
		return operationText(f.Operation) + " failed: " + quota
	case f.has(containerpb.StatusCondition_GCE_STOCKOUT) || strings.Contains(why, "does not have enough resources available"):
		next = "Google has no such machines left there now: take another location or machine_type, or run it again later"
	case f.has(containerpb.StatusCondition_GCE_QUOTA_EXCEEDED):
		next = "lower initial_node_count or machine_type, or raise the quota: https://console.cloud.google.com/iam-admin/quotas?project=" + f.project
	case f.has(containerpb.StatusCondition_GKE_SERVICE_ACCOUNT_DELETED):
		next = "restore the service account of GKE: gcloud services enable " + publicEndpoint + " --project " + f.project
	case f.has(containerpb.StatusCondition_NODE_SERVICE_ACCOUNT_MISSING_PERMISSIONS):
		next = "grant the nodes' service account roles/container.defaultNodeServiceAccount, or name another in node_service_account"
	}
	return fmt.Sprintf("%s failed: %s; %s", operationText(f.Operation), why, next)
}

func (f *Failed) has(condition containerpb.StatusCondition_Code) bool {
	for _, c := range slices.Concat(f.Operation.ClusterConditions, f.Operation.NodepoolConditions) {
		if c.Code == condition {
			return true
		}
	}
	return false
}

// failure is why an operation that is done failed, or empty. Old ones tell it in the status message only.
func failure(o *containerpb.Operation) string {
	switch {
	case o.GetError() != nil:
		return strings.ToLower(code.Code(o.Error.Code).String()) + ": " + oneLine(o.Error.Message)
	case o.GetStatusMessage() != "":
		return oneLine(o.StatusMessage)
	}
	for _, c := range slices.Concat(o.GetClusterConditions(), o.GetNodepoolConditions()) {
		if c.CanonicalCode != code.Code_OK {
			return oneLine(c.Message)
		}
	}
	return ""
}

// conditions are why a cluster is in the status it is in.
func conditions(c *containerpb.Cluster) string {
	texts := []string{}
	for _, condition := range c.Conditions {
		texts = append(texts, oneLine(condition.Message))
	}
	if len(texts) == 0 && c.StatusMessage != "" {
		texts = append(texts, oneLine(c.StatusMessage))
	}
	return or(strings.Join(texts, ", "), "Google gives no reason")
}
