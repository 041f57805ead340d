terraform {
  required_providers {
    lab = {
      source = "dxlab/lab"
    }
  }
}

# Everything is optional: what is missing comes from LAB_SSH_*, ~/.ssh/config and the SSH agent.
provider "lab" {
  ssh = {
    user             = "ubuntu"
    private_key_path = "~/.ssh/id_ed25519"
    bastion          = [{ host = "bastion.example.com", user = "jump" }]
  }
}
