{{/* What the containers have in common. */}}
{{- define "container" -}}
image: {{ .Values.image.name }}:{{ .Values.image.tag }}
imagePullPolicy: {{ .Values.image.pull_policy }}
{{- if .Values.security_context.enabled }}
securityContext: {{ toJson .Values.security_context.container }}
{{- end }}
{{- end }}

{{- define "pod" -}}
{{- if .Values.pull_secret }}
imagePullSecrets: [{name: nsq-registry-credentials}]
{{- end }}
{{- if .Values.security_context.enabled }}
securityContext: {{ toJson .Values.security_context.pod }}
{{- end }}
{{- end }}

{{- define "certificates" -}}
client_key.pem: {{ .Values.tls.client_key | default "" | b64enc | quote }}
client.pem: {{ .Values.tls.client_cert | default "" | b64enc | quote }}
ca.pem: {{ .Values.tls.ca_cert | default "" | b64enc | quote }}
{{- end }}
