package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/token"
)

func init() {
	commands["token"] = func(a []string) int { return fatal(runToken(a)) }
}

func runToken(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("token: one of create, delete, generate, list, rotate")
	}
	switch rest := arguments[1:]; arguments[0] {
	case "generate":
		fmt.Println(token.RandomBootstrap())
		return nil
	case "create":
		return createToken(rest)
	case "list":
		return listTokens(rest)
	case "delete":
		return deleteTokens(rest)
	case "rotate":
		return rotateToken(rest)
	}
	return fmt.Errorf("No help topic for '%s'", arguments[0])
}

func (c *client) kube() (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(c.dataDir, "server", "cred", "admin.kubeconfig"))
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func createToken(arguments []string) error {
	var c client
	f := c.flags("token create")
	ttl := f.Duration("ttl", 24*time.Hour, "")
	description := f.String("description", "", "")
	groups := f.StringSlice("groups", []string{"system:bootstrappers:k3s:default-node-token"}, "")
	usages := f.StringSlice("usages", []string{"signing", "authentication"}, "")
	if err := parse(f, arguments, nil); err != nil {
		return err
	}
	text := token.RandomBootstrap()
	if f.NArg() > 0 {
		text = f.Arg(0)
	}
	if parsed, err := token.Parse(text); err != nil || !parsed.Bootstrap() {
		return fmt.Errorf("the bootstrap token %q was not of the form \"([a-z0-9]{6})\\.([a-z0-9]{16})\"", text)
	}
	id, secret, _ := strings.Cut(text, ".")
	data := map[string]string{"token-id": id, "token-secret": secret, "auth-extra-groups": strings.Join(*groups, ",")}
	if *description != "" {
		data["description"] = *description
	}
	if *ttl > 0 {
		data["expiration"] = time.Now().Add(*ttl).UTC().Format(time.RFC3339)
	}
	for _, usage := range *usages {
		data["usage-bootstrap-"+usage] = "true"
	}
	kube, err := c.kube()
	if err != nil {
		return err
	}
	_, err = kube.CoreV1().Secrets(metav1.NamespaceSystem).Create(context.Background(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "bootstrap-token-" + id}, Type: "bootstrap.kubernetes.io/token", StringData: data,
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return c.printFull(text)
}

func (c *client) printFull(text string) error {
	ca, err := os.ReadFile(filepath.Join(c.dataDir, "server", "tls", "server-ca.crt"))
	if err != nil {
		return err
	}
	full, err := token.Format("", text, ca)
	if err == nil {
		fmt.Println(full)
	}
	return err
}

func listTokens(arguments []string) error {
	var c client
	f := c.flags("token list")
	output := f.StringP("output", "o", "text", "")
	if err := parse(f, arguments, nil); err != nil {
		return err
	}
	kube, err := c.kube()
	if err != nil {
		return err
	}
	list, err := kube.CoreV1().Secrets(metav1.NamespaceSystem).List(context.Background(), metav1.ListOptions{FieldSelector: "type=bootstrap.kubernetes.io/token"})
	if err != nil {
		return err
	}
	found := []map[string]string{}
	for _, secret := range list.Items {
		found = append(found, map[string]string{
			"token": string(secret.Data["token-id"]) + "." + string(secret.Data["token-secret"]), "expires": string(secret.Data["expiration"]),
			"description": string(secret.Data["description"]), "groups": string(secret.Data["auth-extra-groups"]),
		})
	}
	if *output == "json" {
		return json.NewEncoder(os.Stdout).Encode(found)
	}
	w := tabwriter.NewWriter(os.Stdout, 10, 4, 3, ' ', 0)
	fmt.Fprintln(w, "TOKEN\tEXPIRES\tDESCRIPTION\tEXTRA GROUPS")
	for _, one := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", one["token"], one["expires"], one["description"], one["groups"])
	}
	return w.Flush()
}

func deleteTokens(arguments []string) error {
	var c client
	f := c.flags("token delete")
	if err := parse(f, arguments, nil); err != nil {
		return err
	}
	if f.NArg() == 0 {
		return errors.New("missing argument; 'token delete' is missing token")
	}
	kube, err := c.kube()
	if err != nil {
		return err
	}
	for _, text := range f.Args() {
		id, _, _ := strings.Cut(text, ".")
		if err := kube.CoreV1().Secrets(metav1.NamespaceSystem).Delete(context.Background(), "bootstrap-token-"+id, metav1.DeleteOptions{}); err != nil {
			return fmt.Errorf("failed to delete bootstrap token: %w", err)
		}
		fmt.Printf("bootstrap token %q deleted\n", id)
	}
	return nil
}

func rotateToken(arguments []string) error {
	var c client
	f := c.flags("token rotate")
	c.local(f, "server", "token")
	replacement := f.String("new-token", "", "")
	if err := parse(f, withoutServer(arguments), nil); err != nil {
		return err
	}
	if *replacement == "" {
		*replacement = token.Random()
		fmt.Printf("WARNING: no new token provided, generated one: it is in server/token of the server\n")
	}
	at, err := c.open()
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"newToken": *replacement})
	if err != nil {
		return err
	}
	if _, err := at.Do(http.MethodPut, "/v1-k3s/token", nil, body); err != nil {
		return message(err)
	}
	fmt.Println("Token rotated, restart k3s nodes with new token")
	return nil
}

// withoutServer keeps the config file's server, which is another one, from the commands that ask this machine's.
func withoutServer(arguments []string) []string {
	for _, word := range arguments {
		if word == "-s" || strings.HasPrefix(word, "--server") {
			return arguments
		}
	}
	return append([]string{"--server=https://127.0.0.1:6443"}, arguments...)
}
