package gketest

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
)

// refuse is an error as the API answers it.
func refuse(code codes.Code, format string, args ...any) error {
	return status.Errorf(code, format, args...)
}

// refuseFor is an error with the reason that Google's libraries read.
func refuseFor(code codes.Code, message, reason, domain string, metadata map[string]string, more ...protoadapt.MessageV1) error {
	details := append([]protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason, Domain: domain, Metadata: metadata}}, more...)
	detailed, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		return refuse(codes.Internal, "add the reason %s: %v", reason, err)
	}
	return detailed.Err()
}

// place takes a resource name apart: projects/P/locations/L/clusters/N/nodePools/M gives P, L and [N M].
func place(name string) (project, location string, below []string) {
	parts := strings.Split(name, "/")
	for i := 0; i+1 < len(parts); i += 2 {
		switch parts[i] {
		case "projects":
			project = parts[i+1]
		case "locations", "zones":
			location = parts[i+1]
		default:
			below = append(below, parts[i+1])
		}
	}
	return project, location, below
}

// clusterName is the resource name of the cluster that a resource is or is in.
func clusterName(name string) string {
	project, location, below := place(name)
	if len(below) == 0 {
		return ""
	}
	return fmt.Sprintf("projects/%s/locations/%s/clusters/%s", project, location, below[0])
}

// told is a resource name as Google's texts tell it.
func told(name string) string {
	_, location, _ := place(name)
	return strings.Replace(name, "/locations/", "/"+locationWord(location)+"/", 1)
}

func notFound(name string) error { return refuse(codes.NotFound, "Not found: %s.", told(name)) }

func pemOf(certificate []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
}

// silent drops what an HTTP server says of clients that do not trust it: a test's case, not news.
var silent = log.New(io.Discard, "", 0)
