{{/* Where the backups go, and what the sidecar is told of it. */}}

{{- define "provider-secret" -}}backup-restore-sidecar-backup-provider-config-{{ .Release.Name }}{{- end }}

{{/* Entries of that Secret, by the variable of the sidecar that gets them. */}}
{{- define "provider-entries" -}}
{{- with .Values.backup }}
{{- if eq .provider "gcp" }}
{{- $gcp := .gcp }}
BACKUP_RESTORE_SIDECAR_GCP_BUCKET_NAME: {key: bucketName, value: {{ required "backup.gcp.bucket_name is missing" $gcp.bucket_name | quote }}}
BACKUP_RESTORE_SIDECAR_GCP_BUCKET_LOCATION: {key: bucketLocation, value: {{ required "backup.gcp.backup_location is missing" $gcp.backup_location | quote }}}
BACKUP_RESTORE_SIDECAR_GCP_PROJECT: {key: projectID, value: {{ required "backup.gcp.project_id is missing" $gcp.project_id | quote }}}
{{- else if eq .provider "s3" }}
{{- $s3 := .s3 }}
BACKUP_RESTORE_SIDECAR_S3_BUCKET_NAME: {key: bucketName, value: {{ required "backup.s3.bucket_name is missing" $s3.bucket_name | quote }}}
BACKUP_RESTORE_SIDECAR_S3_REGION: {key: region, value: {{ $s3.region | default "" | quote }}}
BACKUP_RESTORE_SIDECAR_S3_ENDPOINT: {key: endpoint, value: {{ required "backup.s3.endpoint is missing" $s3.endpoint | quote }}}
BACKUP_RESTORE_SIDECAR_S3_ACCESS_KEY: {key: accessKey, value: {{ required "backup.s3.access_key is missing" $s3.access_key | quote }}}
BACKUP_RESTORE_SIDECAR_S3_SECRET_KEY: {key: secretKey, value: {{ required "backup.s3.secret_key is missing" $s3.secret_key | quote }}}
{{- with $s3.insecure_skip_verify }}
BACKUP_RESTORE_SIDECAR_S3_INSECURE_SKIP_VERIFY: {key: insecureSkipVerify, value: {{ . | toString | quote }}}
{{- end }}
{{- with $s3.trusted_ca_cert }}
BACKUP_RESTORE_SIDECAR_S3_TRUSTED_CA_CERT: {key: trustedCaCert, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- with .encryption_key }}
BACKUP_RESTORE_SIDECAR_ENCRYPTION_KEY: {key: encryptionKey, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "sidecar-env" -}}
{{- if eq .Values.engine "postgres" }}
{{- range $variable := list "POSTGRES_PASSWORD" "POSTGRES_USER" }}
- name: BACKUP_RESTORE_SIDECAR_{{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ $.Release.Name }}, key: {{ $variable }}}}
{{- end }}
{{- end }}
{{- range $variable, $entry := include "provider-entries" . | fromYaml }}
- name: {{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ include "provider-secret" $ }}, key: {{ $entry.key }}}}
{{- end }}
{{- if eq .Values.backup.provider "gcp" }}
- {name: GOOGLE_APPLICATION_CREDENTIALS, value: /gcp/credentials/serviceaccount.json}
{{- end }}
{{- end }}
