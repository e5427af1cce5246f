output "app_profile_ids" {
  description = "Profiles by use."
  value = {
    import  = google_bigtable_app_profile.import.app_profile_id
    serving = google_bigtable_app_profile.serving.app_profile_id
  }
}

output "instance_name" {
  description = "Name of the instance."
  value       = google_bigtable_instance.main.name
}

output "table_names" {
  description = "Tables by the key of their source."
  value       = { for key, table in google_bigtable_table.main : key => table.name }
}
