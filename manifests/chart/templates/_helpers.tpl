{{- define "gatewayd.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "gatewayd.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* A name for objects without a namespace: unlike that of a release of the same name elsewhere. */}}
{{- define "gatewayd.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "gatewayd.fullname" .) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "gatewayd.selectorLabels" -}}
app.kubernetes.io/name: {{ include "gatewayd.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gatewayd.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "gatewayd.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: gwctl
{{- end }}

{{- define "gatewayd.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "gatewayd.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* Not empty where a kong.yml is served. */}}
{{- define "gatewayd.dbless" -}}
{{- if or .Values.dblessConfig.config .Values.dblessConfig.configMap }}true{{ end }}
{{- end }}

{{- define "gatewayd.webhook" -}}
{{- if and .Values.webhook.enabled (not (include "gatewayd.dbless" .)) }}true{{ end }}
{{- end }}

{{- define "gatewayd.adminSecret" -}}
{{- default (printf "%s-admin" (include "gatewayd.fullname" .)) .Values.gateway.admin.existingSecret }}
{{- end }}

{{/* Go gives memory back when it comes near four fifths of the limit. */}}
{{- define "gatewayd.memoryLimit" -}}
{{- $limit := toString (dig "limits" "memory" "" .Values.gateway.resources) }}
{{- if regexMatch "^[0-9]+Mi$" $limit }}
{{- printf "%dMiB" (div (mul (trimSuffix "Mi" $limit | int) 4) 5) }}
{{- else if regexMatch "^[0-9]+Gi$" $limit }}
{{- printf "%dMiB" (div (mul (trimSuffix "Gi" $limit | int) 4096) 5) }}
{{- end }}
{{- end }}

{{- define "gatewayd.podSecurityContext" -}}
{{- $context := .Values.gateway.podSecurityContext }}
{{- if .Capabilities.APIVersions.Has "route.openshift.io/v1" }}
{{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" }}
{{- end }}
{{- toYaml $context }}
{{- end }}

{{- define "gatewayd.args" -}}
{{- $gateway := .Values.gateway -}}
- serve
{{- if include "gatewayd.dbless" . }}
- --config=/kong/kong.yml
{{- else }}
- --kubernetes
- --ingress-class={{ .Values.ingressClass.name }}
- --publish-service={{ .Release.Namespace }}/{{ include "gatewayd.fullname" . }}-proxy
- --leader-elect={{ .Values.leaderElection }}
- --lease={{ include "gatewayd.fullname" . }}
{{- with .Values.watchNamespaces }}
- --watch-namespaces={{ join "," . }}
{{- end }}
{{- if include "gatewayd.webhook" . }}
- --webhook-listen=:8443
- --webhook-service={{ .Release.Namespace }}/{{ include "gatewayd.fullname" . }}-webhook
- --webhook-configuration={{ include "gatewayd.clusterName" . }}
- --webhook-secret={{ include "gatewayd.fullname" . }}-webhook
{{- else }}
- --webhook-listen=
{{- end }}
{{- end }}
- --listen=:8000
- --admin={{ if $gateway.admin.enabled }}:8001{{ end }}
- --health=:8007
- --shutdown-delay={{ $gateway.shutdownDelaySeconds }}s
- --drain-timeout={{ $gateway.drainTimeoutSeconds }}s
- --log-format={{ $gateway.logFormat }}
{{- with $gateway.trustedIPs }}
- --trusted-ips={{ join "," . }}
{{- end }}
{{- with $gateway.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}
