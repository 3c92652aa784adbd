package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/server"
)

func init() {
	commands["secrets-encrypt"] = func(a []string) int { return fatal(runEncrypt(a)) }
}

// rotateTimeout is how long k3s waits for the answer to rotate-keys.
const rotateTimeout = 90 * time.Second

func runEncrypt(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("secrets-encrypt: one of status, enable, disable, rotate-keys")
	}
	var c client
	f := c.flags("secrets-encrypt")
	c.local(f, "server", "token")
	output := f.StringP("output", "o", "text", "")
	f.Bool("force", false, "")
	f.Bool("skip", false, "")
	if err := parse(f, withoutServer(arguments[1:]), nil); err != nil {
		return err
	}
	yes, no, rotate := true, false, "rotate_keys"
	switch arguments[0] {
	case "status":
		return c.encryptStatus(*output)
	case "enable":
		return c.encrypt(server.EncryptionRequest{Enable: &yes}, "secrets-encryption enabled")
	case "disable":
		return c.encrypt(server.EncryptionRequest{Enable: &no}, "secrets-encryption disabled")
	case "rotate-keys":
		return c.encrypt(server.EncryptionRequest{Stage: &rotate}, "keys rotated, reencryption started")
	}
	return fmt.Errorf("No help topic for '%s'", arguments[0])
}

func (c *client) encrypt(request server.EncryptionRequest, done string) error {
	at, err := c.open()
	if err != nil {
		return err
	}
	at.Timeout(rotateTimeout)
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := at.Do(http.MethodPut, "/v1-k3s/encrypt/config", nil, body); err != nil {
		return message(err)
	}
	fmt.Println(done)
	return nil
}

func (c *client) encryptStatus(output string) error {
	at, err := c.open()
	if err != nil {
		return err
	}
	content, err := at.Get("/v1-k3s/encrypt/status")
	if err != nil {
		return message(err)
	}
	if output == "json" {
		fmt.Println(string(content))
		return nil
	}
	var status server.EncryptionStatus
	if err := json.Unmarshal(content, &status); err != nil {
		return err
	}
	if status.Enable == nil {
		fmt.Println("Encryption Status: Disabled, no configuration file found")
		return nil
	}
	fmt.Printf("Encryption Status: %s\nCurrent Rotation Stage: %s\n", map[bool]string{true: "Enabled", false: "Disabled"}[*status.Enable], status.Stage)
	if status.HashMatch {
		fmt.Println("Server Encryption Hashes: All hashes match")
	} else {
		fmt.Printf("Server Encryption Hashes: %s\n", status.HashError)
	}
	fmt.Printf("\nActive  Key Type  Name\n------  --------  ----\n *      AES-CBC   %s\n", status.ActiveKey)
	for _, key := range status.InactiveKeys {
		fmt.Printf("        AES-CBC   %s\n", key)
	}
	return nil
}
