// Web is what the pods of the tests run: it counts its starts in /data and answers with the name of its pod and the count.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	log.SetFlags(0)
	starts, err := os.OpenFile("/data/starts", os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := starts.WriteString("x"); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		content, err := os.ReadFile("/data/starts")
		if err != nil {
			log.Fatal(err)
		}
		name, err := os.Hostname()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(w, "%s %d\n", name, strings.Count(string(content), "x"))
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
