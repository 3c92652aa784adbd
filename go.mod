module github.com/metal-stack/initial-cluster

go 1.26.0

require github.com/stretchr/testify v1.12.1

require (
	cloud.google.com/go/compute/metadata v0.10.0 // indirect
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	github.com/spf13/pflag v1.1.0 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
