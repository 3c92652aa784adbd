package metalstackcloud

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Credentials are how the API of a cluster is reached from outside. They end: the certificate says when.
type Credentials struct {
	Server               string
	CA, Certificate, Key []byte // PEM
}

// Credentials asks for new credentials of the cluster that was found. How long they live at most, metalstack.cloud decides.
func (f *Found) Credentials(ctx context.Context, life time.Duration) (Credentials, error) {
	doing := "get credentials of cluster " + f.name
	body := struct {
		key
		Expiration string `json:"expiration"`
	}{f.cloud.key(f.cluster), seconds(life)}
	var answer struct{ Kubeconfig string }
	if err := f.cloud.call(ctx, request{doing: doing, method: "ClusterService/GetCredentials", body: body, answer: &answer}); err != nil {
		return Credentials{}, err
	}
	credentials, err := external(answer.Kubeconfig)
	if err != nil {
		return Credentials{}, fmt.Errorf("%s: %w; run it again, and ask metalstack.cloud's support if that does not help", doing, err)
	}
	return credentials, nil
}

// external reads those entries of a kubeconfig that are for the world outside; beside them there are some for the clusters' own network.
func external(kubeconfig string) (Credentials, error) {
	var config struct {
		Clusters []struct {
			Name    string
			Cluster struct {
				Server string
				CA     string `yaml:"certificate-authority-data"`
			}
		}
		Users []struct {
			Name string
			User struct {
				Certificate string `yaml:"client-certificate-data"`
				Key         string `yaml:"client-key-data"`
			}
		}
	}
	var c Credentials
	if err := yaml.Unmarshal([]byte(kubeconfig), &config); err != nil {
		return c, errors.New("what came is no kubeconfig") // the parser would quote it
	}
	decode := func(text string) []byte {
		content, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil // and so it lacks
		}
		return content
	}
	for _, each := range config.Clusters {
		if strings.HasSuffix(each.Name, "external") {
			c.Server, c.CA = each.Cluster.Server, decode(each.Cluster.CA)
		}
	}
	for _, each := range config.Users {
		if strings.HasSuffix(each.Name, "external") {
			c.Certificate, c.Key = decode(each.User.Certificate), decode(each.User.Key)
		}
	}
	if c.Server == "" || len(c.CA) == 0 || len(c.Certificate) == 0 || len(c.Key) == 0 {
		return Credentials{}, errors.New("the kubeconfig has no entries for access from outside (with a name that ends in external) that hold certificates")
	}
	return c, nil
}
