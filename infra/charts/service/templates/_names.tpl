{{- define "service.labels" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/part-of: shop
app.kubernetes.io/managed-by: argocd
{{ include "service.selector" . }}
{{- end }}

{{- define "service.selector" -}}
app: {{ .Release.Name }}
{{- end }}

{{- define "service.host" -}}
{{ .Release.Name }}.{{ .Release.Namespace }}.svc.cluster.local
{{- end }}

{{- define "service.fact" -}}
{{- required (printf "the platform states no fact %q" .name) (get .facts .name) -}}
{{- end }}

{{- define "service.image" -}}
{{- $image := .Values.image -}}
{{- $repository := $image.repository | default (printf "%s/%s" (include "service.fact" (dict "facts" .Values.facts "name" "image_registry")) .Release.Name) -}}
{{- if $image.digest -}}
{{ $repository }}:{{ $image.tag }}@{{ $image.digest }}
{{- else -}}
{{ $repository }}:{{ required "image.tag" $image.tag }}
{{- end -}}
{{- end }}

{{/* Where a route sends its traffic: weighted subsets, or the whole host where the other site may answer too. */}}
{{- define "service.destinations" -}}
{{- if .Values.peer.enabled -}}
- destination:
    host: {{ include "service.host" . }}
    port:
      number: {{ .Values.port }}
{{- else -}}
- destination:
    host: {{ include "service.host" . }}
    subset: stable
    port:
      number: {{ .Values.port }}
  weight: 100
- destination:
    host: {{ include "service.host" . }}
    subset: canary
    port:
      number: {{ .Values.port }}
  weight: 0
{{- end -}}
{{- end }}

{{- define "service.retries" -}}
attempts: {{ .attempts }}
perTryTimeout: {{ .perTryTimeout }}
retryOn: {{ .retryOn | quote }}
{{- end }}

{{/* A share of the reads is answered by the canary as well, for nobody. */}}
{{- define "service.mirrors" -}}
{{- if and .Values.canary.mirrorPercent (not .Values.peer.enabled) -}}
mirrors:
  - destination:
      host: {{ include "service.host" . }}
      subset: canary
      port:
        number: {{ .Values.port }}
    percentage:
      value: {{ .Values.canary.mirrorPercent }}
{{- end -}}
{{- end }}

{{/* Not empty for a service that some caller may ask to change something. */}}
{{- define "service.writes" -}}
{{- range .Values.callers }}{{ range .methods }}{{ if not (has . (list "GET" "HEAD")) }}{{ . }}{{ end }}{{ end }}{{ end -}}
{{- end }}

{{/* The routes at the gateway for one prefix: reads, and writes where there are any. */}}
{{- define "service.edge" -}}
{{- $root := .root -}}
- name: reads
  match:
    - uri:
        exact: {{ .prefix }}
      method:
        regex: GET|HEAD
    - uri:
        prefix: {{ .prefix }}/
      method:
        regex: GET|HEAD
  {{- with .rewrite }}
  rewrite:
    uriRegexRewrite:
      {{- toYaml . | nindent 6 }}
  {{- end }}
  timeout: {{ $root.Values.routes.reads.timeout }}
  retries:
    {{- include "service.retries" $root.Values.routes.reads | nindent 4 }}
  route:
    {{- include "service.destinations" $root | nindent 4 }}
  {{- with include "service.mirrors" $root }}
  {{- . | nindent 2 }}
  {{- end }}
{{- if .writes }}
- name: writes
  match:
    - uri:
        exact: {{ .prefix }}
    - uri:
        prefix: {{ .prefix }}/
  {{- with .rewrite }}
  rewrite:
    uriRegexRewrite:
      {{- toYaml . | nindent 6 }}
  {{- end }}
  timeout: {{ $root.Values.routes.writes.timeout }}
  retries:
    {{- include "service.retries" $root.Values.routes.writes | nindent 4 }}
  route:
    {{- include "service.destinations" $root | nindent 4 }}
{{- end }}
{{- end }}
