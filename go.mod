module github.com/metal-stack/initial-cluster

go 1.26.0

require github.com/stretchr/testify v1.12.1

require (
	cloud.google.com/go/compute/metadata v0.10.0 // indirect
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.46.0 // indirect
)
