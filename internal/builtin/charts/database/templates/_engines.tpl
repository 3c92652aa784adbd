{{/* What differs from engine to engine. */}}

{{- define "config-name" -}}
backup-restore-sidecar-config-{{ if ne .Values.engine "postgres" }}{{ .Values.engine }}-{{ end }}{{ .Release.Name }}
{{- end }}

{{- define "config" -}}
{{- with .Values -}}
{{- if eq .engine "valkey" -}}
bind-addr: 0.0.0.0
{{ end -}}
db: {{ .engine }}
db-data-directory: /data/{{ if ne .engine "valkey" }}{{ .engine }}/{{ end }}
log-level: {{ .backup.log_level }}
backup-provider: {{ .backup.provider }}
backup-cron-schedule: {{ .backup.schedule | quote }}
object-prefix: {{ .backup.object_prefix | default $.Release.Name }}
{{- with .backup.object_max_keep }}
object-max-keep: {{ . }}
{{- end }}
{{- with .backup.object_days_max_keep }}
object-days-max-keep: {{ . }}
{{- end }}
{{- with .backup.s3.request_checksum_calculation }}
s3-request-checksum-calculation: {{ . }}
{{- end }}
{{- if eq .engine "postgres" }}
compression-method: targz
{{- else if eq .engine "rethinkdb" }}
rethinkdb-passwordfile: /rethinkdb-secret/rethinkdb-password.txt
{{- else }}
redis-addr: localhost:6379
{{- end }}
post-exec-cmds:
  - {{ include "command" $ }}
{{- end }}
{{- end }}

{{/* The directory is the one that the sidecar restores to. */}}
{{- define "command" -}}
{{- with .Values -}}
{{- if eq .engine "postgres" -}}
docker-entrypoint.sh postgres
{{- with .shared_libraries_preload }} -c shared_preload_libraries={{ join "," . }}{{ end }}
{{- with .maintenance_work_mem }} -c maintenance_work_mem={{ . }}{{ end }}
{{- with .shared_buffers }} -c shared_buffers={{ . }}{{ end }}
{{- with .effective_cache_size }} -c effective_cache_size={{ . }}{{ end }}
{{- with .work_mem }} -c work_mem={{ . }}{{ end }} -c max_connections={{ .max_connections }}
{{- else if eq .engine "rethinkdb" -}}
rethinkdb --bind all --directory /data/rethinkdb --initial-password ${RETHINKDB_PASSWORD}
{{- else -}}
valkey-server
{{- end }}
{{- end }}
{{- end }}

{{- define "ports" -}}
{{- if eq .Values.engine "postgres" -}}
- containerPort: 5432
{{- else if eq .Values.engine "rethinkdb" -}}
- containerPort: 8080
- containerPort: 28015
{{- else -}}
- {containerPort: 6379, name: client, protocol: TCP}
- {containerPort: 9121, name: metrics, protocol: TCP}
{{- end }}
{{- end }}

{{- define "service-ports" -}}
{{- if eq .Values.engine "postgres" -}}
- {name: metrics, port: 2112, targetPort: 2112}
- {name: "5432", port: 5432, targetPort: 5432}
{{- else if eq .Values.engine "rethinkdb" -}}
- {name: metrics, port: 2112, targetPort: 2112}
- {name: "10080", port: 10080, targetPort: 8080}
- {name: "28015", port: 28015, targetPort: 28015}
{{- else -}}
- {name: metrics, port: 9121, targetPort: 9121}
- {name: "6379", port: 6379, targetPort: 6379}
{{- end }}
{{- end }}

{{/*
The engine is ready when it answers, not when its container runs: that one waits for the sidecar, which may be restoring for hours. While it
restores, rethinkdb serves its web frontend, but no drivers; postgres serves nothing on its network address.
*/}}
{{- define "answers" -}}
{{- if eq .Values.engine "postgres" -}}
exec: {command: [pg_isready, -U, {{ .Values.user | quote }}, -h, 127.0.0.1, -p, "5432"]}
{{- else if eq .Values.engine "rethinkdb" -}}
tcpSocket: {port: 28015}
{{- else -}}
exec: {command: [valkey-cli, ping]}
{{- end }}
{{- end }}

{{- define "env" -}}
{{- if eq .Values.engine "postgres" }}
{{- range $variable, $key := dict "POSTGRES_DB" "POSTGRES_DB" "POSTGRES_USER" "POSTGRES_USER" "POSTGRES_PASSWORD" "POSTGRES_PASSWORD" "PGDATA" "POSTGRES_DATA" }}
- name: {{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ $.Release.Name }}, key: {{ $key }}}}
{{- end }}
{{- else if eq .Values.engine "rethinkdb" }}
- name: RETHINKDB_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .Release.Name }}, key: rethinkdb-password}}
{{- end }}
{{- end }}
