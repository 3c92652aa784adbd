package gketest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path"
	"sync"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	encodingproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/metal-stack/initial-cluster/testing/googletest"
)

// Kind is a way in which Google fails.
type Kind string

// The ways. Those up to Unavailable refuse a request before anything is done.
const (
	Quota           Kind = "quota"            // PERMISSION_DENIED: not enough CPUs
	Permission      Kind = "permission"       // PERMISSION_DENIED: a missing IAM permission
	ServiceDisabled Kind = "service_disabled" // PERMISSION_DENIED: the API is disabled
	BillingDisabled Kind = "billing_disabled" // PERMISSION_DENIED: the project has no billing account
	AccountGone     Kind = "account_gone"     // NOT_FOUND: the nodes' service account was deleted
	TooManyRequests Kind = "too_many"         // RESOURCE_EXHAUSTED: too many requests a minute
	Concurrent      Kind = "concurrent"       // PERMISSION_DENIED: too many operations at once, to be tried again
	Incompatible    Kind = "incompatible"     // FAILED_PRECONDITION: another operation runs, one that cannot be seen
	Unavailable     Kind = "unavailable"      // UNAVAILABLE
	Cut             Kind = "cut"              // the request is accepted, the connection ends before the answer
	Slow            Kind = "slow"             // the answer comes after Delay
	Garbled         Kind = "garbled"          // the request is accepted, the answer cannot be decoded
	Stockout        Kind = "stockout"         // the operation that the request begins fails: no machines left in the zone
	Broken          Kind = "broken"           // the operation that the request begins fails: an internal error
)

// Fault makes requests fail.
type Fault struct {
	Kind   Kind          `json:"kind"`
	Method string        `json:"method"` // as CreateCluster; empty hits all
	Times  int           `json:"times"`  // so many requests; 0 is all until ClearFaults
	Delay  time.Duration `json:"delay"`  // of Slow; TooManyRequests and Concurrent ask the client to wait so long
}

// Inject makes the coming requests fail.
func (s *Server) Inject(f Fault) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all injected faults.
func (s *Server) ClearFaults() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.faults = nil
}

// hits finds the first fault of a method that is wanted and counts it; the mutex is held.
func (s *Server) hits(method string, wanted func(Kind) bool) *Fault {
	for i, f := range s.faults {
		if f.Method != "" && f.Method != method || !wanted(f.Kind) {
			continue
		}
		if f.Times == 1 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		} else if f.Times > 1 {
			f.Times--
		}
		return f
	}
	return nil
}

func inOperation(k Kind) bool { return k == Stockout || k == Broken }

// operationFault is how an operation will fail, or nil. Faults of operations are named by the method that begins them.
func (s *Server) operationFault(c *cluster, kind containerpb.Operation_Type) *status.Status {
	method := map[containerpb.Operation_Type]string{
		containerpb.Operation_CREATE_CLUSTER: "CreateCluster", containerpb.Operation_DELETE_CLUSTER: "DeleteCluster",
		containerpb.Operation_UPGRADE_NODES: "UpdateNodePool", containerpb.Operation_UPGRADE_MASTER: "UpdateMaster",
		containerpb.Operation_CREATE_NODE_POOL: "CreateNodePool",
	}[kind]
	f := s.hits(or(method, "UpdateCluster"), inOperation)
	switch {
	case f == nil:
		return nil
	case f.Kind == Stockout:
		return &status.Status{Code: int32(code.Code_RESOURCE_EXHAUSTED), Message: fmt.Sprintf("Google Compute Engine: The zone "+
			"'projects/%s/zones/%s' does not have enough resources available to fulfill the request. '(resource type:compute)'.", c.project, zones(c.Location)[0])}
	default:
		return &status.Status{Code: int32(code.Code_INTERNAL), Message: "Internal error."}
	}
}

// intercept is what every call passes.
func (s *Server) intercept(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	method := path.Base(info.FullMethod)
	s.mutex.Lock()
	s.requests = append(s.requests, Request{method, proto.Clone(request.(proto.Message))})
	fault := s.hits(method, func(k Kind) bool { return !inOperation(k) })
	s.mutex.Unlock()
	caller, err := s.authenticate(ctx, method)
	if err != nil {
		return nil, err
	}
	if fault != nil {
		if err := s.refusal(fault, caller, method, resource(request)); err != nil {
			return nil, err
		}
		if !s.wait(ctx, fault.Delay) {
			return nil, refuse(codes.Unavailable, "The service is currently unavailable.")
		}
	}
	if err := s.authorize(caller, method, resource(request)); err != nil {
		return nil, err
	}
	answer, err := handle(context.WithValue(ctx, callerKey{}, caller), request)
	if fault != nil && fault.Kind == Cut {
		return nil, errors.Join(s.connections.cut(ctx), err)
	}
	if fault != nil && fault.Kind == Garbled && err == nil {
		return garbage{}, nil
	}
	return answer, err
}

func (s *Server) wait(ctx context.Context, delay time.Duration) bool {
	select {
	case <-time.After(delay):
		return true
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return false
}

// refusal is Google's answer in the faults that refuse.
func (s *Server) refusal(f *Fault, caller googletest.TokenInfo, method, resource string) error {
	project, _, _ := place(resource)
	_, number := s.options.Google.APIDisabled(project, service)
	switch f.Kind {
	case Quota:
		return exceeded(project, 24, 8, 24)
	case Permission:
		return denied(or(permissions[method], "container.clusters.update"), resource)
	case ServiceDisabled:
		return serviceDisabled(number)
	case BillingDisabled:
		return refuseFor(codes.PermissionDenied, "This API method requires billing to be enabled. Please enable billing on project #"+number+" by visiting "+
			"https://console.developers.google.com/billing/enable?project="+number+" then retry.", "BILLING_DISABLED", "googleapis.com",
			map[string]string{"service": service, "consumer": "projects/" + number})
	case AccountGone:
		return refuse(codes.NotFound, "Gaia id not found for email %s-compute@developer.gserviceaccount.com.", number)
	case TooManyRequests:
		return refuseFor(codes.ResourceExhausted, "Quota exceeded for quota metric 'API requests' and limit 'API requests per minute' of service '"+service+
			"' for consumer 'project_number:"+number+"'.", "RATE_LIMIT_EXCEEDED", "googleapis.com", map[string]string{"service": service, "consumer": "projects/" + number}, f.later()...)
	case Concurrent:
		return refuseFor(codes.PermissionDenied, "Too many operations: the project's concurrent operations quota is 5.", "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED",
			service, map[string]string{"consumer": "projects/" + number}, f.later()...)
	case Incompatible:
		return refuse(codes.FailedPrecondition, "Cluster is running incompatible operation %s.", operationName())
	case Unavailable:
		return refuse(codes.Unavailable, "The service is currently unavailable.")
	default:
		return nil
	}
}

// later asks the client to wait.
func (f *Fault) later() []protoadapt.MessageV1 {
	if f.Delay == 0 {
		return nil
	}
	return []protoadapt.MessageV1{&errdetails.RetryInfo{RetryDelay: durationpb.New(f.Delay)}}
}

// garbage is an answer that cannot be decoded, and garbling the codec that can send it.
type garbage struct{}

type garbling struct{}

func (garbling) Name() string { return encodingproto.Name }

func (garbling) Marshal(v any) (mem.BufferSlice, error) {
	if _, ok := v.(garbage); ok {
		return mem.BufferSlice{mem.SliceBuffer("<html>502 Bad Gateway</html>")}, nil
	}
	return encoding.GetCodecV2(encodingproto.Name).Marshal(v)
}

func (garbling) Unmarshal(data mem.BufferSlice, v any) error {
	return encoding.GetCodecV2(encodingproto.Name).Unmarshal(data, v)
}

// connections are those of the gRPC server by the address of the client, so that a call's own can be cut.
type connections struct {
	mutex sync.Mutex
	open  map[string]net.Conn
}

type listener struct {
	net.Listener
	all *connections
}

func (c *connections) of(l net.Listener) net.Listener { return listener{l, c} }

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.all.mutex.Lock()
	defer l.all.mutex.Unlock()
	l.all.open[conn.RemoteAddr().String()] = conn
	return remembered{conn, l.all}, nil
}

type remembered struct {
	net.Conn
	all *connections
}

func (r remembered) Close() error {
	r.all.mutex.Lock()
	delete(r.all.open, r.RemoteAddr().String())
	r.all.mutex.Unlock()
	return r.Conn.Close()
}

func (c *connections) cut(ctx context.Context) error {
	caller, ok := peer.FromContext(ctx)
	if !ok {
		return errors.New("cut the connection: it is not known")
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.open[caller.Addr.String()].Close()
}
