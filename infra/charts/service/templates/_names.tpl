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
